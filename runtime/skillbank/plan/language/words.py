"""The words of requests, as data: groups for patterns, verbs and their forms, and what says nothing."""

from __future__ import annotations

from skillbank.plan.language.tokens import Grammar, words

_DOUBLED = frozenset({"fit", "run", "get", "put", "spot", "plan", "set", "cut", "tag", "log", "prep", "dump"})
_IRREGULAR = {
    "teach": "taught", "learn": "learnt|learned", "find": "found", "build": "built", "make": "made",
    "run": "ran|run", "get": "got", "put": "put", "fit": "fitted|fit", "set": "set", "begin": "began|begun",
    "write": "wrote|written", "take": "took|taken", "do": "did|done",
}  # fmt: skip


def forms(verb: str) -> dict[str, tuple[str, ...]]:
    """Return base form and third person, ing-form and past of a regular or listed verb."""
    stem = verb[:-1] if verb.endswith("e") and not verb.endswith("ee") else verb
    if verb in _DOUBLED:
        stem += verb[-1]
    past: tuple[str, ...]
    ing: tuple[str, ...]
    third = f"{verb}es" if verb.endswith(("ch", "sh", "x", "ss")) else f"{verb}s"
    if verb.endswith("l") and verb != "compile":
        past = (f"{verb}ed", f"{verb}led")
        ing = (f"{verb}ing", f"{verb}ling")
    elif verb.endswith("y"):
        third, past, ing = f"{verb[:-1]}ies", (f"{verb[:-1]}ied",), (f"{verb}ing",)
    else:
        past = tuple(_IRREGULAR[verb].split("|")) if verb in _IRREGULAR else (f"{stem}ed",)
        ing = (f"{stem}ing",)
    return {"base": (verb,), "third": (third,), "ing": ing, "past": past}


def any_form(*verbs: str) -> str:
    """Return an alternation of all forms of some verbs."""
    words = {word for verb in verbs for form in forms(verb).values() for word in form}
    return "|".join(sorted(words, key=lambda w: (-len(w), w)))


ACTION_VERBS: dict[str, tuple[str, ...]] = {
    "train": ("train", "finetune", "fit", "teach", "adapt", "specialize", "specialise"),
    "retrain": ("retrain",),
    "evaluate": ("evaluate", "eval", "score", "benchmark", "assess"),
    "export": ("export",),
    "quantize": ("quantize", "quantise"),
    "prune": ("prune",),
    "distill": ("distill",),
    "inference": ("infer", "predict"),
}
"""Verbs that name an action by themselves; weaker ones stand in `skillbank.plan.language.actions`."""
ACTION_NOUNS: dict[str, tuple[str, ...]] = {
    "train": ("training", "finetuning", "train"),
    "retrain": ("retraining",),
    "evaluate": ("evaluation", "eval", "evaluating", "benchmarking", "scoring"),
    "export": ("export", "exporting"),
    "quantize": ("quantization", "quantisation", "quantizing", "quantising", "ptq"),
    "prune": ("pruning",),
    "distill": ("distillation", "distilling"),
    "inference": ("inference", "inferencing", "prediction", "predictions", "inferring", "predicting"),
}

rx = Grammar(
    {
        "det": "the|a|an|my|our|your|their|his|her|its|this|that|these|those|some|any|one|another|each"
        "|all|both",
        "adj": "new|old|fresh|quick|short|small|big|full|long|good|nice|proper|complete|little|tiny"
        "|large|whole"
        "|normal|real|actual|same|own|first|second|final|best|current|finished|resulting|latest|last"
        "|simple|single|initial|starting|further|additional|separate|usual|available|right"
        "|corresponding|given|other",
        "adv": "now|then|just|also|only|please|pls|plz|kindly|simply|really|directly|first|again|quickly"
        "|finally"
        "|afterwards|later|next|already|still|ever|even|possibly|maybe|perhaps|right|away|all"
        "|both|first"
        "|immediately|too|both|second|third|fourth|lastly|straight|subsequently|additionally"
        "|instead|go|ahead|and|to|so",
        "not": "do not|does not|did not|should not|need not|must not|will not|would not|can not|is not"
        "|are not|not"
        "|never|no need to|no need for|no need of|without|no|refrain from|stop|avoid|skip|omit"
        "|neither|nor|minus"
        "|never mind|no matter|pass on"
        "|leave out|leave off|hold off on|rather than|instead of|except|forget about|forget|drop"
        "|do not bother to|do not bother with|do not bother|do not want to|do not want you to|do "
        "not want"
        "|do not need to|do not need|under no circumstances|by no means|in no case|on no account"
        "|no point in|no reason to|no sense in|no use in|everything but|everything except|all but"
        "|apart from|not yet|excluding|no more|no longer",
        "role": "train|training|finetuning|val|valid|validation|validating|eval|evaluation|evaluating"
        "|test|testing"
        "|dev|holdout|hold out|held out|inference|prediction|calibration|calibrating",
        "data": "data|dataset|datasets|data set|data sets|set|sets|images|image|pictures|picture|photos|photo"
        "|frames|frame|split|splits|folder|folders|directory|directories|dir|samples|sample"
        "|annotations"
        "|labels|files|file|root|path|paths|location|source|sources|examples|material|material|bucket"
        "|shots|recordings|footage|videos|scans|crops|screenshots|pics|imgs|img|ones|stuff|corpus"
        "|uri|url",
        "link": "is|are|was|it is|they are"
        "|in|at|on|from|under|inside|within|below|lies|lie|lives|live|located|stored"
        "|found|sits|sit"
        "|resides|reside|be|can|which|that|there|come|comes|coming|taken|goes|to|as|being|equals"
        "|:|=|of|into|onto"
        "|kept|using|use|with|available|over|against|both|here|located|should|will|would",
        "prep": "on|in|at|from|over|against|to|into|onto|with|using|under|inside|within|by|via|through"
        "|across|for|of"
        "|upon|off|around|among|along|below|about|per|as|towards",
        "last": "last|latest|previous|newest|most recent|recent|preceding",
        "of": "of|to|as|at|is|are|be|equals|equal to|:|=|should|must|shall|will|has to|have to|needs to|set"
        "|a|an|the|about|around|exactly|up to|value|stay|stays|raised|raise|increased|increase|lowered|lower"
        "|reduced|reduce|doubled|halved|limited|limit|capped|fixed|changed|change|bumped|kept|just|only"
        "|no larger than|no bigger than|no more than|not more than"
        "|at most|at least|no higher than",
        "make": any_form(
            "make",
            "build",
            "create",
            "generate",
            "compile",
            "produce",
            "gen",
            "write",
            "prepare",
            "do",
            "construct",
            "assemble",
            "get",
        ),
        "light": any_form(
            "start",
            "run",
            "do",
            "launch",
            "begin",
            "perform",
            "execute",
            "schedule",
            "queue",
            "submit",
            "conduct",
            "need",
            "want",
            "require",
            "trigger",
            "initiate",
            "request",
            "get",
            "make",
            "give",
            "commence",
            "continue",
            "resume",
            "restart",
            "add",
            "include",
            "enqueue",
        )
        + "|kick off|kicking off|carry out|carrying out|fire up|fire off|set up|set off|go ahead "
        "with"
        "|proceed with|go for|give me|like|would like|followed by|have|spin up|go on with|start "
        "with|fire|invoke",
        "it": "it|them|this|that|these|those|one|ones|everything|all",
        "model": "model|models|detector|detectors|network|networks|net|checkpoint|checkpoints|weights"
        "|version|one"
        "|architecture|result|results|classifier|variant|graph|predictor",
        "run": "run|runs|job|jobs|session|sessions|process|task|stage|step|phase|procedure|action|pass"
        "|experiment"
        "|experiments|round|cycle|attempt|trial",
        "make_to": any_form(
            "turn",
            "convert",
            "transform",
            "translate",
            "compile",
            "make",
            "optimise",
            "optimize",
            "port",
            "transfer",
            "change",
            "bring",
            "save",
            "dump",
            "write",
            "serialize",
            "build",
            "put",
            "get",
            "lower",
        ),
        "be": "is|are|was|were|be|been|being|am|has been|have been|had been|was being|is being|is to be",
    }
)
"""The grammar of requests: every pattern of the stages is written with these groups."""

for _verbs in ACTION_VERBS.values():
    rx.vocabulary.update(word for verb in _verbs for form in forms(verb).values() for word in form)
for _nouns in ACTION_NOUNS.values():
    rx.vocabulary.update(_nouns)

KEYWORDS = frozenset(
    word
    for table in (ACTION_VERBS, ACTION_NOUNS)
    for words in table.values()
    for verb in words
    for word in ((verb,) if table is ACTION_NOUNS else [w for form in forms(verb).values() for w in form])
) | words(
    """automl hyperparameter hyperparameters parameter parameters search sweep tuning optimization
    optimisation disable disabled enable enabled without turn switch skip plain training
    validation validate calibration dataset data images results output epoch epochs batch size
    learning rate seed precision workers weight decay threshold gpu gpus node nodes slurm docker
    kubernetes locally local cluster container platform checkpoint checkpoints pretrained weights
    backbone engine tensorrt onnx opset workspace latest last previous detect locate label
    annotate find inference captions prompts resume continue starting please build generate create
    compile convert benchmark measure accuracy half folder bucket"""
)
"""Words that a typing error may stand for."""

UNITS = "gpu|gpus|node|nodes|epoch|epochs|machine|machines|worker|workers|hosts|servers|passes"

FILLER = words(
    """advance mb fix skillbank load resume continue yo u ur chance grateful todo nice mixed spread task
    parent     parents produced scratch fancy straight second third fourth lastly a able about above
    according actually after afterwards again ahead all alright also always am among amount an and
    another any anyway anything appreciate are around as asap ask at available away awesome back
    be because been before being below best better between bit both but by bye can carry case
    cheers come comes could course current currently data dataset datasets day days dear
    definitely did directly do does doing done each easy either else end enough even ever every
    everything exactly examples far few file files final finally find fine finish finished first
    folder following follows for forget forward found from full fully further get getting gets
    give given go goes going good got great had happen happy has have having hello help here hey
    hi him his hope how however i i'd i'll i'm i've if image images immediately in inside instead
    into is it it's its itself job jobs just keep kind kindly know label labels last latest later
    lay least left let lets lies like little lives location long look lot lots love made main make
    makes many may maybe me mean means might mind mine minute model models moment more morning
    most much must my myself name named need needed needs network never new next nicely no nothing
    now of off often ok okay old on once one ones only onto open or order other otherwise our ours
    out over own part path per perhaps photo photos pick picked picture pictures place planning
    please plenty pls plz point possible possibly pretty previous probably project proper properly
    put quick quickly quite rather ready really recent regards request rest result resulting
    results right run running runs same say set sets shall she should simply since situated small
    so some somebody someone something somewhere soon sorry start started starting stay stays step
    steps still stored stuff such sure take taken takes team tell than thank thanks that that's
    the their them then there there's these they thing things think this those though through thus
    thx time times to today together tonight too towards trained training trouble try trying under
    until up upon us use used uses using usual usually value version very via want wanted wants
    was way we we'd we'll we're we've well went were what whatever when whenever where whether
    which while who whole whose why will wish with within wonder wondering work working works
    would yes yet you you'd you're your yours hallo bitte danke mate folks guys hereby action
    skill command evening afternoon weekend everyone tomorrow yesterday week weeks month colleague
    boss customer sincerely kudos greetings respectively namely default defaults detector
    detection object objects gpu gpus cpu node nodes classes class disk drive server bucket
    cluster plan plans pipeline workflow regarding concerning desired preferably ideally purposes
    purpose sake locations called number it'd evenings including includes included alone
    themselves onward anymore nowadays aforementioned said mentioned above-mentioned hard yourself
    worth whilst say deploy deployment obliged wonderful"""
)
"""Words whose presence changes nothing; what else is left over was not understood."""

LOOKALIKES = words(
    """defect defects defected expert experts expect store stored stores stone retain retains retained
    retaining remain refrain trail trails trait traits tray train trains trainer trainee treat
    text texts tent rest best past tone tones fund patch patches catch match watch scope snore
    libel seen seat send sent feed speed notes note codes modes mode prone vocal focal locker
    resort date dale date's plan plane planes unable quantile quantiles sleep steep sweet lean
    reach peach beach computer commute deject detest locale weight heights eight eights infra
    reference interference convert convent converts expose exposed explore import imports report
    reports reported deport evacuate elevate escort excuse exert exist restrain restrained strain
    strained constrain brain grain drain rain again plain plains explain evaluated evaluator
    exports exporter built guild guide quite quit queue price prince print prints prove probe
    valid invalid invalidate vacate locate located location rotate annotate annotated notate novel
    novels model medal pruned learns earn yearn search starch research measure treasure pleasure
    mask masks task tasks ask disk docks docker dock stocker local locals loyal logical epic epics
    epoch batch bath baths bench lunch launch branch engine engineer engines imagine seed seeds
    need deed reed weed node rode robe nodes hope hopes disabled disable enabled enable able table
    stable cable detect detected protect select selects predict predicts product fit fits feet
    foot teach teaches teacher each score scores shore core more tune tuna tunes dune june time
    quality quantity quantities deploy deployed employ serve server create crate grate great
    delete relate complete production productions productive protection protections projection
    projections evocation valuation violation violations celebration liberation perimeter
    perimeters operation operations generator generators generation generations valuable compute
    compare compared prepare dine dines diner dinner dingo dinosaur dinosaurs dining ding dinghy
    dins fine find vision version fusion session mission caption captions option options auction
    section sections"""
)
"""Words of English that a careless correction would take for a word of requests."""
