"""Patterns of the places that results go to: "save everything under X", "the outcome belongs into X"."""

from __future__ import annotations

from skillbank.plan.language.words import rx

_SAVE = (
    r"put|putting|save|saving|saved|store|storing|stored|write|writing|written|dump|dumping"
    r"|send|place|placing|drop|collect|upload|output|log|move|go|goes|going|keep|deliver"
    r"|file|copy|leave|export|exported|stash"
)
_OUTCOME = (
    r"results?|outputs?|artifacts?|artefacts?|everything|it all|all of it|files?|checkpoints?|logs|onnx"
    r"|engine"
    r"|detections|predictions|metrics|report|stuff|whatever|outcome|boxes|annotations|findings|annotated"
)
_THINGS = (
    r"results?|outputs?|artifacts?|artefacts?|everything|it all|all of it|all|files?"
    r"|checkpoints?|logs|them|model|it|onnx|engine|detections|predictions|boxes|annotations|annotated|pictures"
    r"|images|labels|findings|numbers|metrics|that"
    r"|this|these|file|folder|dir|directory|root|path|report|weights|stuff|trained|exported"
    r"|whatever|run|comes|out|should|be|must|will|is|are|can|please|into|location|the|my|all"
    r"|of|which|to|go|goes|a|under|and"
)
_TO = r"in|into|to|at|under|below|beneath|underneath|inside|within|on|onto|here"
RESULTS_AT = tuple(
    rx(p)
    for p in (
        rf"(?:(?:and|with|please|then|,) )*(?:(?:{_SAVE})|(?:want|like|have)(?= (?:(?:<det>|<adj>|of) )*"
        rf"(?:{_OUTCOME}))) (?:(?:{_THINGS}) )+?(?:{_TO}) "
        r"<det*>(?:(?:folder|bucket|directory|results?|output|place|dir) )*(?P<places>P)",
        r"(?:(?:should|must|shall|will|can|has|have|needs?|to|please|also|then|all) )*(?:ends? up|ending up"
        r"|lands?"
        r"|belongs?)"
        rf" (?:{_TO}) <det*>(?:(?:folder|bucket|directory|place|dir) )*(?P<places>P)",
        r"(?:(?:and|with|please|then|the|my|all|its|,|using|use|into|to|as) )*(?:results?|outputs?"
        r"|artifacts?|artefacts?|everything|exports|predictions?|detections?) (?:(?:dir|folder"
        r"|directory|root|path|location|bucket|go|goes|going|should|must|will|can|be|is|are|"
        r"to|into|in|at|under|expected|wanted|due|saved|written|stored|put|placed|=|:|land|end|up|here|of"
        r"|the|inside"
        r"|belongs|belong) )*(?P<places>P)",
        r"(?:(?:and|with|,) )*(?:saved?|saving|write|writing|written|stored?|storing|dumped"
        r"|logging|log|output|outputting) (?:to|in|into|at|under|on) <det*>(?:(?:folder|bucket"
        r"|directory|results?|output|dir) )*(?P<places>P)",
        r"(?:(?:folder|directory|dir|bucket|place|location) for (?:the |all )?(?:results|outputs?"
        r"|artifacts) (?:(?:is|:|=|use|take|please|be|should) )*)(?P<places>P)",
        r"(?:(?:as|use|for|with|the|an|and) )*(?:results?|outputs?) (?:folder|directory|dir|location|root"
        r"|path|bucket) (?:of|for)"
        r" (?P<keep>(?:(?:<det>|N|J|training|export|evaluation|inference|run|job|it|this|step|results)"
        r" )+)(?:(?:,|use|is|:|=|take"
        r"|please|should|be|we|i) )*(?P<places>P)",
        r"(?:and |with |the )*(?:destination|target|target folder)(?: (?:is|:|=|folder|directory|for|of"
        r"|<det>|onnx|file|results))*"
        r" (?P<places>P)",
        rf"(?P<places>P) (?:is|are) where <det*><adj*>(?:{_OUTCOME})",
        r"into <det*>(?:(?:folder|bucket|directory) )?(?P<places>P)",
        r"(?P<places>P) (?:(?:is|for|as|gets|receives|takes|serves as|to be) )+<det*>(?:results?"
        r"|outputs?|output folder|results? (?:folder|dir|directory|root))",
    )
)
