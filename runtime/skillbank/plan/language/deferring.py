"""What is said of actions that are put off, waived or left to somebody else: they are not asked for."""

from __future__ import annotations

from skillbank.plan.language.words import rx

_ACTIONS = (
    r"<det*><adj*>(?:N )?(?P<v>[VGT]|engine)(?: (?:of|for|N|J|it|them|step|run|part|job|itself)){0,4}"
    r"(?: ,? ?(?:and|or|nor) <det?>(?:[VGT]|engine)(?: (?:of|N|J|it|step|run|part|itself)){0,2}){0,2}"
)
_DAY = (
    r"tomorrow|later|later on|monday|tuesday|wednesday|thursday|friday|saturday|sunday|next (?:time"
    r"|week|month|year"
    r"|day|sprint|quarter)|(?:another|some other|a different|any other) (?:time|day|week|occasion|moment)"
    r"|a later (?:time|date|day|point|occasion|moment|step|run)|some ?day|sometime|someday|one day|the future"
    r"|the weekend|the day after|after the weekend|the next (?:time|week|month|day|sprint)|once we know more"
    r"|further notice"
)
_WHEN = rf"(?:(?:until|till|for|to|on|at|in|by|off|aside|after|over) )*(?:{_DAY})"
_FAR = (
    r"tomorrow|next (?:time|week|month|year|day|sprint|quarter)|(?:at |on |in )?(?:another|some other|a"
    r" different|any"
    r" other) (?:time|day|week|occasion|moment)|(?:at|in|on) a later (?:time|date|day|point|occasion"
    r"|moment|step|run)"
    r"|some ?day|sometime(?: else)?|someday|one day|in the future|not yet|not now|not today|not for now"
    r"|not this time"
    r"|(?:on|until|till) (?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
)
_WHO = r"(?:i|we|they|he|she|somebody|someone|colleague|team)"

DEFERRED = tuple(
    rx(pattern)
    for pattern in (
        # "the export can wait until tomorrow", "the engine comes later"
        rf"{_ACTIONS} (?:(?:can|may|must|should|will|could|has to|have to|shall|might|is to|probably"
        rf"|easily|also|both"
        rf"|surely|as well|well|certainly|still) )*(?:wait|be (?:postponed|deferred|delayed|left out"
        rf"|skipped|omitted"
        rf"|dropped)|stay out|be left (?:out|aside|alone)|be left|be put off|rest|be ignored)(?: {_WHEN})?",
        rf"{_ACTIONS} (?:(?:can|may|must|should|will|could|shall|might|is to|probably|also|both)"
        rf" )*(?:be (?:done|run"
        rf"|made|built|started|launched|T)|come|comes|follow|follows|happen|happens|take place|takes"
        rf" place|go|goes) "
        rf"{_WHEN}",
        rf"{_ACTIONS} (?:has|have) (?:time|no (?:priority|hurry|rush|urgency))",
        rf"{_ACTIONS} (?:(?:is|are|was|will be|being|stays|remains) )?(?:(?:something|a topic|a task|a"
        rf" job|a thing"
        rf"|work) )?(?:(?:for|until|till) (?:{_DAY})|(?:is|are) not (?:so |that |very |really"
        rf" )*(?:urgent|yet|now|due"
        rf"|today|important|pressing|wanted|a priority)|(?:is|are) (?:on hold|no priority|off the list"
        rf"|out of scope"
        rf"|postponed|deferred|cancelled|canceled|somebody else's job|not my business|optional and not"
        rf" needed))",
        rf"{_ACTIONS} ?(?::|=|\?|,) (?:{_FAR}|later)(?= [.,;!?)]|$| $)",
        rf"{_ACTIONS} (?:{_FAR})",
        r"(?:leave|leaving|keep|save|postpone|defer) <det*>(?P<v>[VG]) ?(?:step|part|run)? "
        r"?(?:for (?:later|another|now|tomorrow|next)|out|away|aside|alone|to me|to us|to (?:my"
        r"|our) [a-z]+)",
        # "leave the export for later", "hold the export", "no hurry with the export"
        rf"(?:(?:to|let us|we can|we|i|you can|please|can|could|will|should) )*(?:leave|leaving|keep"
        rf"|save|schedule|do|run"
        rf"|move|push|make|start|set|reserve|plan) {_ACTIONS} {_WHEN}",
        rf"(?:postpone|postponing|defer|deferring|delay|delaying|put off|putting off|hold off on|hold"
        rf" off with|hold"
        rf"|hold back|shelve|park|wait with|waiting with|wait before|hold back with|hold back on|leave aside"
        rf"|save yourself|spare yourself|spare us|spare me) {_ACTIONS}(?: {_WHEN})?",
        rf"(?:(?:there is|with) )?no (?:hurry|rush|need|urgency|reason|point|use|sense|pressure|demand"
        rf"|wish) (?:(?:with"
        rf"|for|to|in|about|of|at all) )*{_ACTIONS}(?: (?:yet|now|today|at all|for now|{_WHEN}))*",
        rf"{_WHO} (?:(?:will|can|would|shall|may|could|am going to|are going to) )*(?:take care of"
        rf"|handle|see to|look"
        rf" after|manage|deal with|care for) {_ACTIONS}(?: (?:myself|ourselves|himself|herself|themselves))?",
        # "we decided against quantization", "Evaluation? Not needed."
        rf"(?:decided|voted|argued|are|am|is|spoke|advise|advised) against {_ACTIONS}",
        rf"(?:rule|ruled|ruling) out {_ACTIONS}|(?:gave|give|given) up on {_ACTIONS.replace('?P<v>', '?:')}",
        rf"{_ACTIONS} (?:\?|:) (?:no|not|nope|never|skip|none|unnecessary|off|no thanks|not needed|no need)"
        r"(?: (?:needed|necessary|required|now|today|wanted|please|it|thanks|yet|this time))*(?= [.,;!?)]|$"
        r"| $)",
        # "exporting it is not something we want"
        rf"{_ACTIONS}(?: (?:it|them|on|from|for|P|the|that|this|also|at all))* (?:is|are|was|were|will be"
        rf"|would be"
        r"|has been) not(?: [a-z]+){1,8}?(?= [.,;!?)]|$| $| but)",
        # "nobody should train it", "I will do the evaluation"
        r"(?:nobody|no one|none|neither)(?: of (?:us|you|them))? (?:should|must|may|will|can|shall|would"
        r"|(?:needs?|has"
        rf"|have|wants?|is|are) to) (?:ever )?{_ACTIONS}",
        rf"{_WHO} (?:will|shall) (?:then |also |later )?(?:do|run|make|perform|start|launch) {_ACTIONS}",
        # "as for the export: Mia does that", "Mia does the export"
        rf"{_ACTIONS} ?(?:[:,] ?)(?:[a-z]+ ){{1,2}}(?:does|will do|handles|will handle|did|takes care of|is"
        rf" doing|has done"
        rf"|makes|cares for|looks after)(?: (?:that|it|this|those|the rest))?",
        rf"(?!(?:it|you|please|this|that|model|what|who|which) )[a-z]+ (?:does|handles|will handle|is doing"
        rf"|takes care of"
        rf"|makes|did) {_ACTIONS}",
        # "export it later", "the evaluation on X later"
        rf"{_ACTIONS}(?: (?:on|in|with|from|to|of|onnx|P|J|N|it|them|the|model|result))* (?:some time "
        rf"|sometime )?"
        r"(?:later(?: on)?|another day)(?= [.,;!?)]|$| $)",
        # "the evaluation we do ourselves"
        rf"{_ACTIONS} {_WHO}(?: (?:will|can|would|shall|may|are going to|am going to))? (?:do|run|make"
        rf"|handle)"
        r"(?: (?:ourselves|myself|themselves|himself|herself))?",
        rf"(?:{_FAR}) (?:, )?{_WHO} (?:(?:will|can|would|shall|may|could|might|want to|plan to|are going to"
        rf"|am going"
        rf" to|intend to|also|then) )*{_ACTIONS}",
        rf"(?:{_FAR}|later) (?:{_WHO} )(?:(?:will|can|would|shall|may|could|might|want to) )*(?:do|run"
        rf"|make) {_ACTIONS}",
    )
)
"""Patterns of actions that are named only to say that they are not to be run now."""
