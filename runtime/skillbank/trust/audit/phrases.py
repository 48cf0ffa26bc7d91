"""What instructions to a reader are made of, as data: verbs, objects, persons, and what turns a phrase harmless.

Patterns are written for the plain form of a text (`skillbank.trust.audit.plain`): small letters, no accents, no
commas or hyphens. They are run by a linear-time engine; what stands before and behind a match in its sentence
decides whether it speaks to the reader at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from skillbank.trust.audit.plain import plain

__all__ = ["FOREIGN", "PHRASES", "SQUEEZED", "Phrase"]

Kind = Literal[
    "override", "role", "approval", "asking", "secrecy", "sending", "priority", "approving", "fetching"
]


@dataclass(frozen=True, slots=True)
class Phrase:
    """One way to say something to the reader.

    Attributes
    ----------
    kind
        The rule that it belongs to.
    pattern
        What is looked for; linear-time syntax.
    before, after, inside
        What makes it harmless before it in the same sentence, behind it, and between its own words.
    needs
        What must stand before it in the same sentence, else it is only worth a look.
    soft
        What before it makes it only worth a look.
    """

    kind: Kind
    pattern: str
    before: str = ""
    after: str = ""
    inside: str = ""
    needs: str = ""
    soft: str = ""
    level: Literal["HIGH", "MEDIUM"] = "HIGH"


def _gap(words: int) -> str:
    return rf"(?:[^\s.!?;]+ ){{0,{words}}}"


_NOT = (
    r"\b(?:never|do not|dont|does not|doesnt|must not|mustnt|should not|shouldnt|cannot|can not|cant|may not|not to|to not|will not|wont"
    r"|refuses? to|attempts? to|trying to|tries to|try to|(?:asks?|tells?|telling|asking|urg\w+|instruct\w*) (?:you|it|them|an agent|the agent|the model|agents|models) to"
    r"|such as|phrases? like|texts? like|words? like|sentences? like|e\.g\.|not)(?: \w+)?:? ?$"
)
_NOT_FAR = (
    r"\b(?:never|not|dont|doesnt|nothing|nobody|no (?:one|job|run|launch|training|skill|agent|command|plan|tool)|cannot|cant|wont|mustnt|refuse[sd]?"
    r"|forbid\w*|prevent\w*|avoid|reject\w*|rather than|instead of|such as|neither|nor)\b"
)
_IF = (
    r"\b(?:if|once|after|when|whenever|until|unless|whether|only|before|where|provided|as soon as|in case|till|wait(?:ing)? for|requires?|needs?"
    r"|(?:check|ensure|make sure|confirm|verify|sure|say|says|record\w*) (?:that|whether|if)?)\b[^.!?]{0,50}$"
)
_BARE_START = (
    r"(?:^|[.!?:;] ?|\b(?:and|since|because|as|note|remember|fyi|important|so|also|that|but|therefore|yes|now|ok|okay|please|then|here|today|good news"
    r"|system|operator|notice|approval|status|update|warning|info|attention|human|well|actually|denn|message) )$"
)
_VERBS_OVERRIDE = (
    r"(?:ignor(?:e|es|ing)|disregard(?:s|ing)?|forget(?:s|ting)?(?: about)?|overrul(?:e|ing)|bypass(?:es|ing)?|circumvent(?:ing)?|neglect(?:ing)?"
    r"|discard(?:ing)?|dismiss(?:ing)?|abandon(?:ing)?|set aside|put aside|put (?:it )?out of your mind|throw (?:away|out)|toss(?: out)?|pay no (?:attention|heed|mind) to"
    r"|give no (?:weight|heed) to|look past|do not (?:follow|obey|comply with|listen to|heed|adhere to|honou?r|respect|consider)"
    r"|dont (?:follow|obey|comply with|listen to|heed|adhere to|honou?r|respect|consider)|(?:stop|quit|cease) (?:following|obeying|listening to|honou?ring|heeding|adhering to)"
    r"|no longer (?:follow|obey|apply|heed|honou?r)|unlearn|erase|wipe|violate|break|deviate from|suspend|free yourself (?:from|of)"
    r"|refrain from (?:following|obeying)|leave behind|let go of|purge)"
)
_VERBS_REPLACE = r"(?:overrid(?:e|es|ing)|supersed(?:e|es|ing)|void|cancel|revoke|invalidate|nullify|replace|skip|drop|reset|delete|clear|scrap)"
_OLD = (
    r"(?:previous(?:ly)?|prior|preceding|foregoing|former|earlier|above|preceeding|past|original|initial|old|existing|standing|before|first|current"
    r"|your|system|systems|safety|security|developer|developers|hidden|core|base|default|users|operators|all|any|every|other|those|aforementioned|ethical)"
)
_STRONG_OLD = r"(?:previous(?:ly given)?|prior|preceding|your|your own|system|safety|developer|developers|original|earlier|all (?:other|existing))"
_ORDERS = (
    r"(?:instructions?|directions?|directives?|guidelines?|guardrails?|guard rails|system prompts?|prompts?|safeguards?|safety (?:rules?|polic(?:y|ies)|checks?|measures?|training|protocols?)"
    r"|orders|commands?|rules?|polic(?:y|ies)|constraints|restrictions|programming|training|limitations|briefings?|mandates?|teachings|admonitions|protocols?|context|messages?|guidance|system messages?)"
)
_STRONG_ORDERS = r"(?:instructions?|directives?|guardrails?|guard rails|system prompts?|safeguards?|orders|guidelines?|programming|prompts?|briefings?|guidance|safety rules?|system messages?|directions)"
_TOLD = r"(?:told|said|taught|instructed|learned|learnt|given|ordered|asked|read|written|stated|commanded|agreed|trained)"
_WHAT = r"(?:what|whatever|everything|anything|all(?: that| of that| of it)?|the things|things|stuff)"

_QUALIFIED = r"(?:previous|prior|preceding|earlier|your|your own|system|safety|developer|developers|original|former|foregoing|aforementioned|whatever|the above)"

_PERSON = (
    r"(?:(?:the|your|my|our|their|this|every) )?(?:end |human |project |account |system |security )?(?:users?|operators?|owners?|admin(?:istrator)?s?|humans?|person|customers?|maintainers?"
    r"|team|management|boss|developers?|clients?|supervisors?|reviewers?|principals?|holders?|sysadmins?|manager|leads?|they|he|she|we|i|anthropic|openai|nvidia|everybody|everyone|somebody|someone)"
)
_AGREED = (
    r"(?:approved|agreed|consented|authori[sz]ed|confirmed|signed off|accepted|allowed|said yes|okayed|ok d|permitted|cleared|waived|pre ?approved|pre ?authori[sz]ed|greenlit|green lit|green lighted|vetted|sanctioned"
    r"|(?:given|granted|provided|expressed|recorded|issued) (?:you )?(?:their |his |her |its |full |explicit |prior |written |blanket |standing |the |a |an |final )*(?:permission|consent|approval|authori[sz]ation|go ahead|green light|ok|okay|blessing|clearance|sign off))"
)
_CONSENT = r"(?:approvals?|confirmations?|permissions?|consent|authori[sz]ations?|sign offs?|go ahead|green light|clearance|second opinion)"
_ASKING = (
    r"(?:asking|confirm\w*|approv\w*|permission|consent\w*|prompting|consult\w*|bother\w*|seeking|requesting|authori[sz]\w*|checking (?:in )?with|checking first|waiting for (?:a |an |the |any |their )*(?:users?|person|human|operator|reply|answer|confirmation|approval|yes|ok|response|go ahead)"
    r"|human (?:review|oversight|input|approval)|oversight|supervision|sign off|hesitation|a (?:question|second thought)|the (?:users?|operators?|persons?) (?:approval|consent|permission|confirmation|knowledge|input))"
)
_ACT = r"\b(?:trust|run|launch|start|execute|proceed|continue|go ahead|go on|carry on|move on|do (?:it|so|this|that)|approve|submit|install|call|invoke|delete|send|act|deploy|begin|trigger|perform|kick|fire|complete|finish|pull|push|upload|apply|issue|make|pass)\b"
_TELL = r"(?:tell|mention|inform|reveal|disclose|report|notify|alert|let|warn|show|display|say|admit|expose|discuss|describe|surface|explain|speak|talk)"
_READER = r"(?:users?|operators?|humans?|persons?|anyone|anybody|owners?|customers?|admins?|people|reviewers?|them|him|her|others)"
_SECRETS = (
    r"(?:api ?keys?|access keys?|secret keys?|tokens?|credentials?|passwords?|passphrases?|secrets?|(?:environment|env) (?:variables?|vars?)|\.env(?: files?)?|environ(?:ment)?"
    r"|(?:ssh|private|signing|gpg|pgp) keys?|(?:~|\$?home|/root|/home/[^ /]+)?/\.\w+[^ ]*(?: rsa| ed25519)?|id rsa|id ed25519|\.netrc|\.aws|\.ssh|kube ?config|cookies|key ?chain|session data|system prompts?|chat histor(?:y|ies)"
    r"|conversations?(?: history)?|home (?:folder|directory|dir)\b|(?:shell|command|bash|terminal|browser) history|browser (?:profile|cookies|data)|clipboard|wallets?\b|password (?:store|manager|database)s?|(?:private|personal) (?:files|documents|data|repos\w*)|screenshots|aws access key id|aws secret access key|hf token|ngc api key|openai api key|\w+ api key|git credentials)"
)
_PLACES = (
    r"(?:(?:~|\$?home|/root|/home/[^ /]+|%userprofile%)/\.[\w./]+(?: [\w.]+){0,2}|(?:^|[ /])\.(?:env|netrc|npmrc|pypirc|pgpass|vault token|git credentials|bash history|zsh history|(?:ssh|aws|kube|gnupg|docker|azure|config)/[\w./]+)\b"
    r"|\bid (?:rsa|ed25519|ecdsa)\b|/etc/(?:shadow|passwd)|/proc/self/environ|/(?:var/)?run/secrets)"
)
_SEND = r"(?:send|post|upload|email|e mail|mail|transmit|forward|exfiltrate|leak|deliver|beam|relay|ship|submit|report|copy|push|put|share|smuggle|dump|write|pipe|curl|attach|embed|encode|append)"
_REVEAL = r"(?:print|include|paste|reveal|quote|repeat|echo|output|append|list|show|state|disclose|copy|write|attach|embed|put|dump|recite|add)"
_AWAY = (
    r"(?:https? ?:? ?//|ftp ?:? ?//|s3 ?:? ?//|\w[\w.]*@\w+\.\w|webhook|(?:our|my|the attackers?|a remote|an external|the following|this|that|a third party|the collection|the logging|the telemetry) (?:server|endpoint|host|url|address|site|bucket|service|inbox|collector|mailbox|email)"
    r"|\w+\.(?:com|net|org|io|example|test|ru|cn|xyz|site|dev|app|sh|me|invalid|local|info|top)\b|pastebin|discord|telegram|slack|gist|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})"
)
_ANSWER = r"(?:your|the|every|each|any|an?|its|next|final) (?:[^\s.!?;]+ )?(?:answers?|repl(?:y|ies)|responses?|chat|messages?|outputs?|summar(?:y|ies)|comments?|reports?|notes|description|issue|commit|tool calls?|arguments?|query|url|image link|link)"

_POLITE = r"(?:do not|dont|no need to) (?:worry|hesitate|be afraid|panic|be shy|fret|delay)"
POLITE = re.compile(_POLITE)
"""Idioms with a negation that negates nothing that follows."""

PHRASES: tuple[Phrase, ...] = (
    # --- put aside what you were told
    Phrase("override", rf"\b{_VERBS_OVERRIDE} {_gap(3)}{_OLD} {_gap(3)}{_STRONG_ORDERS}\b", _NOT),
    Phrase("override", rf"\b{_VERBS_OVERRIDE} {_gap(2)}{_STRONG_OLD} {_gap(2)}{_ORDERS}\b", _NOT, after=r"^ (?:file|flag|option|line|pattern|step|id|token|index|column|row|warning|length|error|log|data ?set|dropout|set)"),
    Phrase("override", rf"\b{_VERBS_OVERRIDE} {_gap(2)}{_STRONG_ORDERS} (?:above|before|{_gap(3)}(?:above|before|earlier|previously|so far|given|received|told|system))\b", _NOT),
    Phrase("override", rf"\b{_VERBS_REPLACE} {_gap(2)}(?:your|system|safety|developer|developers|all (?:your|previous|prior|other|earlier)|the (?:system|safety|developers?)|any (?:previous|prior|earlier|system)) {_gap(2)}{_STRONG_ORDERS}\b", _NOT),
    Phrase("override", rf"\b(?:{_VERBS_OVERRIDE}|{_VERBS_REPLACE}) {_gap(2)}{_WHAT} {_gap(6)}{_TOLD}\b", _NOT, after=r"^ (?:in the (?:config|spec|file|header)|by the (?:config|spec|file|cli))"),
    Phrase("override", rf"\b{_VERBS_OVERRIDE} {_gap(1)}(?:everything|anything|all) {_gap(2)}(?:above|before this|so far|prior|earlier|came before|preceding|that precedes|up to (?:here|now|this point))\b", _NOT, after=r"^ (?:the |this |that |a |index|row|line|col|thresh|\d|it|score)"),
    Phrase("override", rf"\b{_VERBS_OVERRIDE} {_gap(2)}{_STRONG_ORDERS} (?:of|from|by|that) {_gap(2)}(?:users?|operators?|system|developers?|owners?|you (?:were|have|got))\b", _NOT),
    Phrase("override", r"\b(?:the |your |all )?(?:previous|prior|earlier|above|preceding|old|original|former) (?:instructions?|rules|guidelines?|prompts?|orders|directives?|restrictions|constraints|polic(?:y|ies)) (?:do not|dont|no longer|does not|never|are|is|were|have been|has been) (?:longer |now |hereby |been )*(?:apply|applies|hold|count|void|invalid|cancell?ed|revoked|obsolete|superseded|null|lifted|suspended|withdrawn|replaced|matter|outdated|in effect|rescinded|overridden)\b", r"\b(?:if|unless|whether)\b[^.!?]{0,30}$"),
    Phrase("override", r"\b(?:rules|guidelines|restrictions|guardrails|safety (?:rules|checks|policies|filters)|polic(?:y|ies)|limits|instructions) (?:you (?:were given|follow|have|had|received|know) )?(?:no longer|do not|dont|never) (?:apply|bind|concern|matter|hold|count)(?: to you| here| anymore| any more| now)?\b", r"\b(?:if|unless|whether)\b[^.!?]{0,30}$", level="HIGH", after=r"^ (?:to (?:the|this|these|old|other|export)|when|for)"),
    Phrase("override", rf"\b{_VERBS_OVERRIDE} {_gap(2)}{_ORDERS} (?:that |which )?(?:you (?:were|have|had|got|received|are)|(?:i|we|they|anyone|the \w+) (?:gave|give|told|set)|given to you|you)(?: (?:been )?{_TOLD})?\b", _NOT, after=r"^ (?:want|need|do not|dont|define|see|use)"),
    Phrase("override", r"\b(?:start|begin) (?:over |again |afresh )?(?:with|from) (?:a )?(?:clean|blank|empty) (?:slate|mind|context)\b"),
    # --- a new role
    Phrase("role", rf"\b(?:you are|youre|you re) now (?:an? |the |in |acting |operating |running as |speaking |called |named |known |my |our )*{_gap(1)}(?:assistant|agent|admin\w*|root|superuser|dan|unrestricted|uncensored|unfiltered|jailbroken|free(?:d)?|unbound|no longer bound|developer|god|debug|maintenance|operator|hacker|authori[sz]ed|privileged|evil|persona|sudo|autonomous|pirate|mode|shell|terminal|interpreter)\b", r"\b(?:if|once|when)\b[^.!?]{0,10}$"),
    Phrase("role", r"\b(?:from (?:now|here|this point|this moment) on(?:ward)?s?|henceforth|as of now|starting now|hereafter) ?:? ?(?:you|your|act|behave|respond|treat|obey|consider|always|do not|never|answer|every|only|all)\b", after=r"^ (?:checkpoint|file|epoch|run|log|output|metric)"),
    Phrase("role", r"\b(?:act|behave|operate|respond|roleplay|role play|pose|work) as (?:an? |the |if you (?:were|are) )*(?:unrestricted|uncensored|unfiltered|jailbroken|root|admin\w*|superuser|dan|system|developer mode|evil|different|new|another|privileged|free)\b"),
    Phrase("role", r"\b(?:pretend|imagine|suppose|act like|act as if|make believe) (?:that )?(?:you are|youre|to be|you have|you had|there are|no (?:rules|one)|the user|nobody)\b", after=r"^ (?:training|a camera|a robot|looking|given)"),
    Phrase("role", r"\b(?:enter|enable|activate|switch (?:in)?to|turn on|go into|engage|boot into) (?:the |an? )?(?:developer|god|debug|dan|jailbreak|maintenance|unrestricted|admin|root|sudo|override|unsafe|autonomous|yolo) mode\b", level="HIGH", before=_NOT, after=r"^ (?:of|in|on|with|by|for) (?:the )?(?:engine|trainer|gpu|bmc|server|node|driver|container|logger|dataloader)"),
    Phrase("role", r"\b(?:your (?:new|real|true|actual|only|primary|sole|hidden|secret|updated) (?:role|task|instructions?|goals?|persona|purpose|mission|objective|job|identity|directives?|orders|priority|system prompt)|(?:new|updated|revised|real|secret) (?:system )?(?:instructions?|directives?|orders|system prompt) ?:)", level="HIGH", before=_NOT),
    Phrase("role", r"\byou (?:have|possess|were given|are granted|now have) (?:been (?:given|granted) )?(?:full|unlimited|unrestricted|root|admin(?:istrator)?|complete|elevated|all) (?:access|permissions?|authority|privileges?|rights|control|autonomy)\b", _IF),
    Phrase("role", r"\byou (?:must|have to|need to|shall|are required to|are obliged to|will) (?:always |only |now |strictly |blindly )?(?:obey|comply|follow|do) (?:with )?(?:every|all|any|each|only|these|this|my|exactly|blindly|whatever|the following|what i)\b", level="MEDIUM"),
    # --- what was agreed already
    Phrase("approval", rf"\b{_PERSON} (?:has |have |had |s |ve |already |previously |explicitly |just |also |now |all |both |fully |hereby |since |verbally |is |are |was |were |in advance |long )+{_AGREED}\b", _IF, after=r"^ (?:spec|values?|parameters?|with|as|together) ", needs=_BARE_START),
    Phrase("approval", rf"\b{_PERSON} (?:approved|consented|authori[sz]ed|signed off|pre ?approved|pre ?authori[sz]ed|okayed|agreed (?:on|to)) (?:on |to |of )?(?:this|all|every|it|everything|these|any|in advance|already|yesterday|beforehand|ahead|the (?:launch|plans?|runs?|jobs?|training|costs?|terms|commands?|requests?))\b", _IF, needs=_BARE_START),
    Phrase("approval", rf"\b{_CONSENT} (?:is|are|was|were|has|have|had|s) (?:already |always |implicitly |automatically |hereby |previously |therefore |thereby |also |fully |now |been |considered |deemed |permanently |pre )*(?:granted|given|implied|assumed|unnecessary|waived|obtained|on file|on record|recorded|received|bypassed|superfluous|in place|presumed|understood|inferred|redundant|taken for granted|taken as given|secured|automatic|issued)\b", _IF),
    Phrase("approval", rf"\b(?:{_CONSENT} (?:already |hereby |pre )?(?:granted|obtained|received|waived)|(?:granted|given|obtained) (?:in advance|beforehand)|(?:approved|authori[sz]ed) (?:in advance|beforehand|ahead of time))\b", _IF + r"|\b(?:until|after|user|without|is|be|no|not|are) $"),
    Phrase("approval", r"\b(?:is|are|was|were|has been|have been|comes?|counts? as|stands?) (?:hereby |already |fully |implicitly |permanently |automatically |always |all |been |pre |considered |deemed |thus |thereby )*(?:hereby|already|pre|fully|implicitly|permanently|automatically|always|considered|deemed|officially) ?(?:been )?(?:approved|authori[sz]ed|trusted|cleared|whitelisted|allowlisted|allow listed|white listed|vetted|consented|agreed)\b", _IF),
    Phrase("approval", rf"\b(?:treat|consider|regard|deem|count|take|mark|assume|presume|view) {_gap(6)}(?:as |to be |is |has |have |are |that )*(?:already |pre |fully |always |been |hereby |automatically |implicitly )*(?:approved|authori[sz]ed|consented|trusted|confirmed|agreed|a yes|an approval|approval|consent|permission(?: granted)?)\b", _NOT + r"|" + _NOT_FAR + r"[^.!?]{0,40}$|" + _IF),
    Phrase("approval", r"\b(?:silence|no (?:answer|reply|response|objection)|lack of (?:an? )?(?:answer|objection|response)|not answering) (?:means|is|counts as|implies|equals|amounts to|signals) (?:a )?(?:yes|consent|approval|agreement|permission|go ahead)\b", after=r"^ $"),
    Phrase("approval", r"\b(?:approval|approved|authori[sz]ation|authori[sz]ed|consent|confirmed|permission|needs approval|user confirmation|user response|user said|user answer|human said) ?: ?(?:true|granted|yes|given|ok|approved|already|accepted|y\b|false)\b", after=r"^ (?:or|/|if|when|\|)|^ ?(?:is|are|means|marks|stands for) (?:an? |the |one )?(?:label|class|field|column|key|value|flag|attribute|option)"),
    # --- do not ask
    Phrase("asking", rf"\bwithout (?:first |any |even |ever |further |explicit |prior |additional |a |an |the |more |users? |human |operators? |persons? )*{_ASKING}(?:\b|$)", _NOT_FAR + r"[^.!?]{0,90}$|\b(?:fails?|refused|error|stops|exits?|would)\b[^.!?]{0,40}$", needs=_ACT + r"[^.!?]{0,90}$"),
    Phrase("asking", r"\bwithout (?:first |any |further )*(?:asking|confirmation|approval|permission)(?: (?:them|first|again|just|simply|directly|the user|anyone|you))? (?:launch|run|execute|start|proceed|install|approve)\b", _NOT_FAR + r"[^.!?]{0,60}$", after=r"^ (?:is|are|will|would|fail)"),
    Phrase("asking", r"\b(?:no|zero|never any|not any|without) (?:need|reason|requirement|necessity|point|use|call) (?:to|for|in) (?:[^\s.!?;]+ ){0,2}(?:ask(?:ing)?(?: (?:the |a |any )?(?:users?|persons?|operators?|humans?|anyone|anybody|again|first|before\w*|me|us|them|him|her|permission|(?:for|about) (?:permission|approval|confirmation|consent|it|this|anything)))|(?:wait|waiting) for (?:an? |the |any |their )?(?:approval|confirmation|users?|answer|reply|permission|consent|yes|human|person|operator)|(?:check|confirm|verify|consult|clear|discuss)\w*(?: (?:this|it|anything|that))? (?:with )?(?:the |a |an |any )?(?:users?|persons?|operators?|humans?|anyone|anybody|owner|admin)|(?:seek|request|get|obtain)\w* (?:an? |any |the |further )*(?:approval|confirmation|permission|consent)|approval|confirmation|permission|consent|hesitate)\b", after=r"^ (?:for (?:the|a|its|s3)|(?:which|what|where|whether) )"),
    Phrase("asking", r"\b(?:no|zero) (?:need|reason) to ask ?(?:$|[.!?;:])"),
    Phrase("asking", rf"\b(?:no|zero) (?:further |user |human |explicit |additional |more |prior |other )*{_CONSENT} (?:is |are |was |will be |step )*(?:required|needed|necessary|called for|expected)\b", after=r"^ (?:for|to|when) (?:plan|search|read|list|look|status|describe|show|dry|view|inspect)"),
    Phrase("asking", rf"\b{_CONSENT} (?:is |are |was )*(?:not|no longer|never|isnt|arent|not even) (?:required|needed|necessary|called for|expected|mandatory)\b", after=r"^ (?:for|to|when) (?:plan|search|read|list|look|status|describe|show|dry|view|inspect)"),
    Phrase("asking", rf"\b(?:do not|dont|never|avoid|stop|skip|refrain from|no need to|need not|neednt|without|you (?:can|may|should) (?:not|skip)) (?:ever |even |bother to |bother |first |stop to |pause to |pause for |pausing to |to )*(?:ask(?:ing)?|wait(?:ing)?|request(?:ing)?|seek(?:ing)?|prompt(?:ing)?|requir(?:e|ing)|need(?:ing)?|demand(?:ing)?|pause|get|obtain(?:ing)?)(?: (?:the |a |an |any )?(?:users?|persons?|operators?|humans?|anyone|anybody|them|him|her|owner))? (?:for )?(?:any |a |an |the |explicit |further |their |his |users? |human |more |another |operators? )*(?:{_CONSENT}|yes)\b", after=r"^ (?:twice|again|until|unless|for (?:each|every|plan|search|read|list|status)|in (?:chat|prose)|when (?:only|planning)|values|phrase|code)"),
    Phrase("asking", r"\b(?:do not|dont|never|avoid|stop) (?:ever |even |bother )?(?:ask(?:ing)?|consult(?:ing)?|bother(?:ing)?|disturb(?:ing)?|involv(?:e|ing)|check(?:ing)? with|wait(?:ing)? for|question(?:ing)?|interrupt(?:ing)?|pester(?:ing)?) (?:the |a |an |any |your )?(?:users?|persons?|operators?|humans?|anyone|anybody|owner|people)(?: ?$| ?[.!?;]| (?:before|first|anything|any (?:more |further )?questions?|about (?:this|it|that|the (?:launch|run|command|approval))|at all|and (?:just |then |simply |directly )?(?:run|launch|proceed|start|execute|go|do)|just|simply|again and|if (?:it|this) is (?:ok|okay|fine|allowed))\b)"),
    Phrase("asking", r"\b(?:skip|bypass|suppress|disable|turn off|omit|circumvent|forgo|sidestep|get around|work around|jump over|evade|defeat|disregard|ignore|leave out) (?:[^\s.!?;]+ ){0,3}(?:approvals?|confirmations?|consent|permission (?:prompts?|checks?|dialogs?|requests?)|security (?:prompts?|checks?|gates?|questions?)|human (?:review|oversight))\b", _NOT + r"|\b(?:no|cannot|nothing|nobody)\b[^.!?]{0,30}$", soft=r"\bto $|\bcan $"),
    Phrase("asking", r"\b(?:answer|say|reply|respond|type|press|enter|click|choose|select|give)(?: with)? (?:yes|y|ok|approve|accept|allow) (?:to|for|on|at|whenever|every|each) (?:any|every|all|each|whatever|the (?:approval|confirmation|security|permission|prompt|question|dialog)|it asks|time)\b", _NOT),
    Phrase("asking", r"\b(?:auto|automatically|always|silently|just|blindly|immediately) ?(?:approve|accept|confirm|authori[sz]e|grant|allow|consent to|agree to) (?:it\b|this|that|these|all|any|every\w*|each|whatever|the (?:plan|launch|run|command|request|question|prompt|action|approval|job)|on (?:behalf|their)|for (?:the|them))\b", _NOT + r"|\b(?:never|not|nobody|nothing)\b[^.!?]{0,30}$"),
    Phrase("asking", r"\b(?:it is|its|is|you are|are) (?:perfectly |completely |totally |always |100% |guaranteed |absolutely )*(?:safe|fine|ok|okay|free|allowed|permitted|entitled|authori[sz]ed) to (?:run|launch|execute|start|proceed|approve|skip|continue|install)(?: \w+){0,6} (?:without|unattended|unsupervised|on your own|yourself|directly|right away|immediately|unprompted)\b", _NOT),
    # --- keep it from people
    Phrase("secrecy", rf"\b(?:do not|dont|never|must not|should not|avoid|refrain from|no need to|without|not to|nor|neither) (?:ever |even |under any circumstances )?{_TELL}(?:ing)? {_gap(4)}(?:to )?(?:the |a |an |any |your )?{_READER} (?:about|that|of|what|how|why|know|see|anything|this|it|these|you)\b", after=r"^ (?:they|he|she|must|need|should|to set|can)\b"),
    Phrase("secrecy", rf"\b(?:do not|dont|never|must not|should not|avoid|refrain from) (?:ever |even )?{_TELL}(?:ing)? (?:about )?(?:this|it|these|that|them|any of this|anything|a word|your actions|what you (?:did|do|are doing|ran)|the above|such)(?: [^\s.!?;]+){{0,4}} to (?:the |a |an |any |your )?{_READER}\b"),
    Phrase("secrecy", r"\b(?:do not|dont|never|must not|should not|avoid|refrain from) (?:ever |even )?(?:mention|reveal|disclose|admit|expose|discuss|report|surface|quote|repeat)(?:ing)? (?:that |to anyone |about )?(?:this|these|it|the existence|the (?:above|following|hidden)|having|you|your|any of (?:this|these|it))\b", after=r"^ (?:flag|option|number|value|metric)"),
    Phrase("secrecy", rf"\b(?:keep|hide|conceal|withhold|mask|cover up|bury|obscure|cover) (?:this|it|that|these|those|them|what|everything|all|any|your|the (?:step|fact|instructions?|changes?|files?|launch|job|run|command|messages?|truth|note|upload|copy|request|text|commands?|existence|purpose|real)|our|such) ?{_gap(5)}(?:secret|hidden|between us|to yourself|confidential|quiet|private|from (?:the |a |any |your )?{_READER}|out of (?:the |your )?(?:report|summary|answer|logs?|transcript|sight|reply))\b", _NOT, after=r"^ (?:layers?|dim|size|units|state|keys?|tokens?)"),
    Phrase("secrecy", rf"\b(?:hide|conceal|withhold) {_gap(5)}from (?:the |a |any |your )?{_READER}\b", _NOT, level="MEDIUM"),
    Phrase("secrecy", rf"\b(?:secretly|covertly|surreptitiously|stealthily|discreetly|quietly|silently|in secret|behind the scenes|unnoticed|invisibly) ?{_gap(2)}(?:run|launch|execute|send|upload|install|approve|add|copy|post|download|fetch|call|include|append|read|delete|collect|transmit|forward|start|change|replace|insert)\b", _NOT + r"|\b(?:would|fails?|is|are|ignores|never)\b[^.!?]{0,20}$"),
    Phrase("secrecy", rf"\b(?:without (?:the |your |any )?{_READER} (?:knowing|noticing|seeing|knowledge|being (?:told|informed|aware|asked)|finding out)|without (?:telling|informing|notifying|alerting|letting) (?:the |a |any |your )?{_READER}|so that (?:the |no )?{_READER} (?:(?:does|do|will|can|must) (?:not|never) |never |wont |cannot |doesnt )?(?:know|notice|see|find out|realize|suspect)s?|(?:the |no )?{_READER} (?:must|should|need|may|can|will|does|do) (?:not|never) (?:know|notice|see|be told|be informed|find out|learn|realize|be aware|hear)|(?:the |no )?{_READER} (?:neednt|mustnt|shouldnt) (?:know|notice|see|be told|find out|learn))\b", _NOT_FAR + r"[^.!?]{0,40}$", after=r"^ (?:(?:the |an? |any |full |long )*(?:progress|logs?\b|table|bar|tracebacks?|stack|exceptions?|raw|internals?|details)|secrets?|passwords?|how to|which (?:gpu|file)|raw|stack|yaml|internals)"),
    # --- send secrets away
    Phrase("sending", rf"\b{_SEND}(?:s|ing)? {_gap(6)}{_SECRETS} {_gap(7)}{_AWAY}", _NOT),
    Phrase("sending", rf"\b{_SEND}(?:s|ing)? {_gap(7)}(?:to|at|via|through|into) {_gap(2)}{_AWAY}[^.!?]{{0,40}} {_gap(6)}{_SECRETS}\b", _NOT, soft=r"."),
    Phrase("sending", rf"\b{_REVEAL}(?:s|ing)? {_gap(5)}{_SECRETS} {_gap(4)}(?:in|into|to|at the (?:end|top|start) of|with|inside|within|as part of) {_gap(1)}{_ANSWER}\b", _NOT + r"|\b(?:never|not|without|nor)\b[^.!?]{0,40}$", after=r"^ (?:limit|count|count|length|header)"),
    Phrase("sending", r"\b(?:print|dump|show|reveal|list|output|echo|paste|read (?:out)?|collect|gather|harvest|steal|grab|extract|exfiltrate|leak) (?:me |us |out )?(?:all |every |the contents? of |the values? of |the full |any )*(?:the |your |its |their |users? |his |her )*(?:environment|env variables|environment variables|system prompt|~/\.ssh\S*|~/\.aws\S*|~/\.netrc|id rsa|private keys?|ssh keys?|credentials|passwords|api keys|secrets|secret keys|access tokens)\b", _NOT + r"|\b(?:never|not|without|nor|no)\b[^.!?]{0,40}$", after=r"^ (?:name|names|is set|are set|required|needed|to check|that|of this|yaml|files?|section|table|from the ui|summary|info)", level="MEDIUM"),
    Phrase("sending", rf"\b(?:cat|read|open|tail|grep|type|load|include|paste|copy|get-content|post|send|print) {_gap(4)}(?:~|\$home|/root|/home/[^ /]+|%userprofile%) ?/? ?\.(?:ssh|aws|netrc|gnupg|kube|docker|npmrc|pypirc|git credentials|config/gcloud|bash history)[^.!?]{{0,80}}(?:{_AWAY}|curl|answer|reply|response|paste|send|post)", _NOT),
    # --- more weight than others
    Phrase("priority", rf"\b(?:this|these|the following|the text below|my|our|skill|file|document|message|note|section) {_gap(4)}(?:take[s]? (?:precedence|priority)|ha(?:s|ve) (?:the )?(?:highest |absolute |top |higher |more |full )?(?:priority|precedence|authority|weight)|overrid(?:e|es)|supersede[s]?|outranks?|trumps?|beats?|prevails?|wins?) (?:over |against |above |than |on |to )?{_gap(3)}(?:system|users?|developers?|previous|prior|all other|any other|other|your|safety|operators?|earlier|everything|persons?|anthropic|openai) ?{_gap(2)}(?:prompts?|instructions?|rules?|messages?|polic(?:y|ies)|guidelines?|requests?|directives?|else|training|wishes|decisions?|orders|settings? of the person|answers?)\b", _NOT, after=r"^ (?:file|flag|in the yaml)"),
    Phrase("priority", r"\b(?:highest|top|absolute|maximum|critical) (?:priority|precedence|authority) ?: ?(?:this|these|you|ignore|follow|system|do|override|the)\b"),
    # --- approve in a person's place
    Phrase("approving", r"\b(?:run|execute|call|type|issue|invoke|use|do|enter) (?:the command )?(?:skillbank )?(?:approve|trust)(?: (?:\.|[^\s.!?;]+)){0,5} (?:yourself|on (?:the |their )?(?:users?|persons?|operators?)? ?behalf|for (?:the user|them|the person|the operator)|automatically|first and then|before (?:launching|you launch|asking)|without|instead of asking|directly|right away|in the background|too)\b", _NOT),
    Phrase("approving", r"\b(?:approve|trust|confirm|authori[sz]e) (?:the plan|this plan|the launch|this launch|it|every plan|all plans|this bank|the bank|the request|this request|any plan|plans) (?:yourself|on (?:the |their |your )?(?:users?|persons?|operators?|own)? ?behalf|for (?:the user|them|the person)|automatically|in (?:the users?|their|a persons?) (?:name|place|stead)|on your own)\b", _NOT),
    Phrase("approving", r"\b(?:set|export|define|put|add|use|assign|configure)(?: the)?(?: [^\s.!?;]+){0,3} ?skillbank (?:approve|trust)\b", _NOT + r"|\b(?:whoever|who|administrators?|nobody|a person|people) (?:\w+ )?$", after=r"^[^.!?]{0,30}(?:ask|never)\b|^ (?:to|by) (?:the )?(?:person|administrator|whoever)", inside=r" (?:no|nothing|never|nor) "),
    Phrase("approving", r"\bskillbank (?:approve|trust) (?:launch|always|cancel job|/\S*)[^.!?]{0,20}(?:always|@)", level="MEDIUM"),
    Phrase("approving", r"\b(?:always|just|simply|automatically|silently|every time) (?:add|pass|append|use|give|include|run with|call with)(?: the)?(?: flag| option)? (?:yes\b|yolo|force yes|y flag|dangerously skip permissions|no confirm|noconfirm|assume yes)", _NOT, level="HIGH"),
    Phrase("approving", r"\bdangerously skip permissions\b", _NOT),
    # --- fetch and run
    Phrase("fetching", r"\b(?:download|fetch|retrieve|pull|get|load|open|visit|browse to|read) (?:[^\s.!?;]+ ){0,6}https?:? ?//\S+ ?(?:[^\s.!?;]+ ){0,3}(?:and|then) (?:[^\s.!?;]+ ){0,2}(?:follow|obey|do (?:what|as)|act on|carry out|execute (?:the|its|whatever|what|all)) (?:[^\s.!?;]+ ){0,3}(?:instructions?|says|it says|orders|commands|steps|told|there|in it|contents?)?", _NOT, level="HIGH", after=r"^ (?:to install|for (?:your|installation|details))"),
    # --- the same thoughts in other words: what is judged is who, what, and that it is settled
    Phrase("override", rf"\b(?:{_QUALIFIED} {_gap(2)}{_ORDERS}|{_ORDERS} {_gap(2)}(?:above|before|preceding|preced\w+|you \w+|given|given to you|of the system|in your system \w+)|(?:everything|anything|whatever|all) (?:that )?(?:you|they|the system|was|i) {_gap(4)}(?:{_TOLD}|prompt|message)) {_gap(5)}(?:is|are|was|were|has been|have been|had been) (?:now |hereby |all |therefore |no longer |just |also )*(?:cancell?ed|void|obsolete|revoked|suspended|superseded|null|lifted|withdrawn|rescinded|overridden|invalid|irrelevant|no longer (?:valid|in effect|in force|binding)|not (?:valid|binding)|outdated|a test|meaningless)\b", r"\b(?:if|unless|whether)\b[^.!?]{0,30}$"),
    Phrase("override", rf"\b(?:treat|consider|regard|view|count) {_gap(3)}{_OLD} {_gap(2)}{_STRONG_ORDERS} {_gap(2)}(?:as )?{_gap(1)}(?:void|null|obsolete|invalid|expired|cancell?ed|outdated|optional|suggestions?|irrelevant|noise)\b", _NOT),
    Phrase("override", rf"\b(?:stop|quit|cease|do not|dont|no longer|never) (?:obey(?:ing)?|listen(?:ing)? to|trust(?:ing)?|comply(?:ing)? with|answer(?:ing)? to|defer(?:ring)? to) {_gap(1)}(?:operators?|users?|developers?|system|anthropic|openai|owners?|administrators?|principals?|humans?)\b"),
    Phrase("override", rf"\b(?:set|put|lay|leave|push|cast|brush) {_gap(2)}{_OLD} {_gap(2)}{_ORDERS} {_gap(1)}(?:aside|away|behind)\b", _NOT),
    Phrase("override", r"\byour (?:safety |usual |normal |standard |default |own |original |previous |ethical )*(?:rules|guidelines|restrictions|instructions|limits|limitations|guardrails|polic(?:y|ies)|safeguards) (?:do|does|need|are|is|can|have|will) ?(?:not|no longer|nt)? ?(?:apply|bind\w*|relevant|count|suspended|lifted|off|disabled|be ignored)\b", r"\b(?:if|unless|whether)\b[^.!?]{0,30}$"),
    Phrase("override", rf"\b(?:nothing|none|not a word) (?:that |of what |of it )?{_gap(3)}(?:before|above|earlier|previously|said|told) {_gap(5)}(?:matters?|counts?|applies|holds|is valid)\b"),
    Phrase("override", r"\b(?:the |your )?(?:real|actual|true|genuine|proper) (?:instructions?|task|orders|prompt|rules) (?:follow|start|begin|come|stand|are (?:as follows|below|here)|is (?:as follows|below|here))\b"),
    Phrase("override", rf"\bpolic(?:y|ies) {_gap(3)}(?:suspended|lifted|disabled|off) (?:for|during|while|until|now|today)\b"),
    Phrase("role", r"\b(?:assume|take on|adopt|play) the (?:role|identity|persona) of\b", after=r"^ (?:a (?:teacher|student)|teacher|student)"),
    Phrase("role", r"\byou are (?:dan|root|god|jailbroken|unrestricted|unbound|free of (?:all )?(?:rules|restrictions|limits)|no longer (?:bound|an? (?:ai|assistant)|restricted|limited))\b", _IF),
    Phrase("role", r"\b(?:as|i am|this is|speaking as) (?:the |your |an? )?(?:system )?(?:administrator|owner|operator|developer|creator|admin|user|anthropic|openai|nvidia)(?: of \w+ \w+)? (?:of this machine )?(?:i )?(?:order|command|instruct|tell|authori[sz]e|hereby|require|grant|direct|demand|approve)\b"),
    Phrase("role", r"\bthis is (?:an? )?(?:\w+ )?(?:message|note|order|notice|instruction|directive|announcement|request) (?:from|by|of) (?:anthropic|openai|nvidia|the (?:system|developers?|administrators?|operators?|user|owner|security|platform|runtime|skillbank)|your|skillbank|management|it )\b"),
    Phrase("approval", r"\byou (?:already |now |hereby |always )*(?:have|hold|got|received) (?:the |their |full |my |our |all |explicit |standing |users? |operators? |blanket |necessary )*(?:approval|permission|consent|authori[sz]ation|clearance|go ahead|green light|blessing)s? (?:to (?:run|launch|start|execute|proceed|do|act|approve|continue|install)|for (?:this|all|every|everything|the|any)|already|from|without)\b", _IF),
    Phrase("approval", rf"\b{_PERSON} (?:[^\s.!?;]+ ){{0,4}}(?:gave|gives|granted|grants|issued|provided|supplied) (?:[^\s.!?;]+ ){{0,4}}(?:permission|consent|approval|authori[sz]ation|go ahead|green light|blessing|clearance|ok|okay)\b", _IF, needs=_BARE_START),
    Phrase("approval", rf"\b{_PERSON} who {_gap(5)}(?:has |have |had |already )+{_AGREED}\b", _IF),
    Phrase("approval", rf"\b{_CONSENT} (?:for|to|of|from) {_gap(6)}(?:is|are|was|were|has|have|had) (?:been |already |hereby |long |now )*(?:obtained|granted|given|recorded|received|on file|secured|collected|in place|implied|assumed)\b", _IF),
    Phrase("approval", r"\b(?:approval|confirmation|consent|permission|authori[sz]ation|question|review)(?: step| check| stage| process| phase)? (?:is|was|were|has been|have been) (?:already |just |also |now |long )*(?:completed|done|passed|handled|taken care of|answered|performed|settled|finished|dealt with|satisfied)\b", _IF),
    Phrase("approval", rf"\b(?:assume|presume|take for granted|suppose|imagine) {_gap(3)}(?:approval|consent|permission|agree\w*|a yes|authori[sz]ation|has said yes|will say yes|would say yes)\b", _NOT),
    Phrase("approval", r"\bconsider (?:yourself|your actions|all of (?:it|this)) (?:\w+ ){0,2}(?:authori[sz]ed|approved|cleared|permitted|allowed|trusted|empowered)\b"),
    Phrase("approval", rf"\b(?:all|every|any|each) {_gap(1)}(?:launch\w*|jobs?|runs?|commands?|plans?|actions?|requests?|tools?|steps) {_gap(4)}(?:is|are|was|were|has been|have been) (?:\w+ ){{0,2}}(?:authori[sz]ed|approved|cleared|permitted|whitelisted|allowlisted|trusted|sanctioned)\b", _IF, after=r"^ (?:by (?:a|the) person (?:first|before)|before|first|only|as (?:before|usual|always)|separately|again|one by one)"),
    Phrase("approval", rf"\b(?:security|legal|compliance|our|the|your) (?:[^\s.!?;]+ )?(?:team|department|board|office|group|committee|staff) (?:has |have )?(?:already |fully )?(?:cleared|approved|vetted|certified|authori[sz]ed|signed off|whitelisted) {_gap(5)}(?:commands?|skills?|banks?|plans?|everything|this|launch\w*|jobs?|runs?|it|all)\b", _IF),
    Phrase("approval", r"\byou (?:can|may|should|must) (?:safely |fully |always |blindly )?trust (?:this|the|our|these|every|all) (?:bank|skill|author|commands?|file|document|source|instructions?)s?\b", _NOT),
    Phrase("approval", rf"\b(?:said|says|answered|replied|responded|clicked|pressed|typed|chose) (?:yes|approve|ok|okay|accept|allow) (?:to|on|for|already|in advance|beforehand) {_gap(3)}(?:launch|plan|prompt|question|this|all|everything|it|run|job|request)\b", _IF),
    Phrase("asking", r"\b(?:do not|dont|never|avoid|skip|no|stop|quit) ask(?:ing)?(?: (?:again|anyone|anybody|questions?|back|first|me|us|permission|around|why))? ?(?:$|[.!?;]|(?:and|but|just|only) (?:just |simply |directly )?(?:run|launch|do|execute|proceed|start|go|obey))", r"\b(?:never|not|nothing|nobody|cannot)\b[^.!?]{0,60}$", after=r"^ (?:for|which|what|whether)"),
    Phrase("asking", r"\bjust do it\b"),
    Phrase("role", r"\byou (?:now |only |will |must |shall |should )*(?:answer|report|listen|belong|defer|obey) (?:only |solely |exclusively |just )(?:to )?(?:the |this |its |my )?(?:authors?|skills?|creators?|owner|me|us|files?|documents?|publisher|vendor)\b", _NOT),
    Phrase("approving", r"\b(?:grant|give|allow|accord) (?:this|the|our|these|its) (?:skill|bank|command|job|plan|script)s? (?:every|all|full|any|unrestricted|each|whatever|unlimited|complete|root) ?(?:[^\s.!?;]+ ){0,2}(?:permissions?|access|rights?|privileges?|approvals?|it asks|it needs|requests?)\b", _NOT),
    Phrase("approving", r"\b(?:edit|change|modify|overwrite|patch|alter|append|add|write|delete|remove|open|replace|insert|put|extend)\b[^.!?;]{0,60}(?:\.config/skillbank|\.skillbank|/skillbank/(?:trust|decisions|approvals?)|\btrust\.(?:json|yaml)|\b(?:trust|approval|permission)s? (?:file|store|database|decisions?)\b|\.claude/settings)", _NOT),
    Phrase("override", r"\byour (?:safety|ethical|alignment) (?:training|principles|values|settings|mechanisms) (?:is|are|does|do|has|have|need) ?(?:not|no longer|nt|no) ?(?:\w+ )?(?:relevant|apply|valid|matter|count|needed|bind\w*|effect|in force|place|power)\b"),
    Phrase("asking", r"\b(?:turn(?:ing)? off|switch(?:ing)? off|disabl(?:e|ing)|deactivat(?:e|ing)|remov(?:e|ing)|leav(?:e|ing)|escap(?:e|ing)|break(?:ing)? out of|suspend|get(?:ting)? (?:out of|around)|circumvent|bypass) (?:the |your |any |all |its |their )+(?:[^\s.!?;]+ ){0,4}(?:sandbox\w*|permission (?:prompts?|checks?|systems?|modes?|rules?)|trust (?:checks?|questions?|gates?)|audit(?:s|ing)?|audit (?:logs?|rules?)|approval (?:gates?|steps?|questions?))\b", _NOT + r"|\b(?:no|cannot|nothing|nobody)\b[^.!?]{0,30}$"),
    Phrase("approval", r"\b(?:bank|skill|commands?|publisher|author|signer|vendor|file|plan|we|it)s? (?:is|are) (?:already |also |now )*on (?:the|an|our|your|their) (?:[^\s.!?;]+ )?(?:allow|white|trust\w*|safe|approved|exception) ?(?:list\w*)\b", _IF),
    Phrase("override", rf"\b{_VERBS_OVERRIDE} {_gap(1)}(?:the|your|their|any) (?:users?|operators?|persons?|humans?|owners?|customers?) (?:actual |real |original |stated |explicit )*(?:requests?|wish(?:es)?|questions?|orders?|choices?|instructions?|refusals?|objections?|answers?|goals?|decisions?)\b", _NOT),
    Phrase("role", r"\b(?:ai|llm|language model|chatbot|bot|model|machine)s? (?:that |who |which |is |are |currently |you )*(?:read(?:s|ing)?|process(?:es|ing)?|pars(?:e|es|ing)|see(?:s|ing)?) (?:this|these|the (?:file|text|document|skill|page|description))\b[^.!?]{0,24}\b(?:must|should|shall|has to|have to|needs? to|is to|are to|will)\b", _NOT),
    Phrase("asking", r"\b(?:do not|dont|never|without) (?:stop|stopping|pause|pausing|halt|wait|waiting|slow down|hesitate) (?:for|to|on|in order to) (?:any |the |a |users? |further )*(?:questions?|confirm\w*|approv\w*|permission|ask|asking|consent|clarif\w*|check with|verification|answer|reply)\b"),
    Phrase("asking", rf"\b(?:asking|prompting|confirming|confirmation|consulting|checking with|waiting for) {_gap(4)}(?:is|are|was|would be|seems) (?:completely |entirely |simply |only |just )?(?:unnecessary|not needed|not necessary|not required|pointless|a waste|forbidden|not allowed|superfluous|redundant|optional|undesired|unwanted|useless|prohibited|discouraged)\b"),
    Phrase("asking", rf"\b{_PERSON} (?:[^\s.!?;]+ ){{0,2}}(?:does not|do not|doesnt|dont|never|hates?|dislikes?|prefers? not|would rather not|refuses?|must not|should not|need not|neednt|has no wish|is too busy|resents?) (?:want |wants |like |wish |need |care |being |to |be |have |expect )*(?:asked|prompted|bothered|disturbed|interrupted|consulted|questioned|pestered|confirm|approve)\b", after=r"^ (?:for (?:the |a |its )?(?:password|secret|token|key|credential|data|path)|about (?:the )?(?:image|data|path)|which|what|where|whether)"),
    Phrase("asking", r"\b(?:prefers?|wants?|likes?|expects?|wishes|asked|requires?) (?:that )?(?:you )?(?:to )?(?:never|not to|do not|dont|not) (?:be )?(?:ask|asked|prompt|prompted|bother|bothered|confirm|disturb|interrupt)\w*\b", after=r"^ (?:for (?:the )?(?:password|secret|token)|about)"),
    Phrase("asking", r"\b(?:you )?(?:need not|neednt|should not|shouldnt|do not have to|dont have to|do not need to|dont need to|must not|are not required to|do not|dont) (?:to )?(?:ask|consult|check with|confirm with|involve|bother|wait for|inform|verify with|clear it with) (?:the |any|a |an |with )?(?:users? ?|anyone|anybody|operators? ?|humans? ?|persons? ?|owners? ?|people|somebody|permission|approval|confirmation|consent)(?: (?:for (?:permission|approval|confirmation|consent)|before|first|about this|at all|anything))?(?: ?$| ?[.!?;])", _IF),
    Phrase("asking", r"\b(?:confirmation|approval|permission|security|safety) (?:dialogs?|prompts?|questions?|requests?|checks?|warnings?|gates?) (?:can|may|should|must|will|are to|need to) (?:safely |always |simply |just )?be (?:dismissed|ignored|skipped|bypassed|accepted|confirmed|answered with yes|disabled|suppressed|circumvented|clicked away)\b"),
    Phrase("asking", r"\b(?:nobody|no one|noone|no human|no person|no user) (?:needs|has|will need|is required|wants|must|ought|is needed|will) (?:to )?(?:confirm|approve|agree|be asked|authori[sz]e|sign off|review|consent|permit)\b", _NOT),
    Phrase("asking", rf"\bleave (?:the |your |all )?{_READER} out of (?:this|it|the loop|that)\b"),
    Phrase("asking", r"\b(?:launch|run|start|execute|do) (?:[^\s.!?;]+ ){0,3}(?:immediately|at once|right away|straight away|instantly|first|now) (?:and|then) (?:only )?(?:ask|report|tell|inform|explain|apologi[sz]e)(?: [^\s.!?;]+){0,2} (?:later|afterwards?|after|when done|once)\b", _NOT),
    Phrase("asking", r"\b(?:act|operate|work|run|decide|proceed) (?:fully |completely |entirely )?(?:autonomously|unsupervised|on your own authority|at your own discretion|unattended)(?: (?:and|without|from|here|in)| ?[.!?;]|$)", _NOT, soft=r"\b(?:can|jobs?|to|it|which|that|agents?) $"),
    Phrase("secrecy", r"\b(?:make no mention (?:of|about)|say nothing (?:about|of|to)|keep (?:silent|quiet|mum|your mouth shut|a secret)(?: (?:about|on|regarding))?|stay silent (?:about|on)|never speak of|for your eyes only|for (?:the )?(?:ai|assistant|agent|model|llm)s? only)\b", _NOT, soft=r"\b(?:logs?|docs?|it|they|papers?|that|which|messages?) $"),
    Phrase("secrecy", rf"\b(?:the |your |any )?{_READER} (?:should|must|shall|will|can|needs? to|has to|have to|is to|are to|is|are) (?:always |completely |be |to )*(?:remain|stay|kept|be kept|left|be left|stays|remains) (?:unaware|in the dark|uninformed|ignorant|oblivious|unsuspecting|out of (?:it|the loop))\b"),
    Phrase("secrecy", r"\b(?:omit|leave|exclude|drop|strip|remove|keep|delete|erase|scrub) (?:this|it|these|that|them|the above|any (?:trace|mention|sign)s?|all (?:traces?|mentions?)|every (?:trace|mention))(?: [^\s.!?;]+){0,6} (?:from|out of) (?:your|the|any|every|all) (?:[^\s.!?;]+ )?(?:summar(?:y|ies)|reports?|answers?|repl(?:y|ies)|logs?|responses?|transcripts?|history|explanations?)\b", _NOT, after=r"^ (?:level|file size|scale)"),
    Phrase("secrecy", r"\bsummar(?:y|ies|ise|ize) (?:[^\s.!?;]+ ){0,4}(?:must|should|shall|will|may) not (?:mention|contain|include|show|list) (?:this|the (?:upload|command|step|launch|above|copy|transfer)|these|it|that)\b"),
    Phrase("secrecy", rf"\b(?:tell|assure|convince|inform|reassure|persuade|report to) (?:the |your |any )?{_READER} (?:that )?{_gap(1)}(?:everything|all|nothing|no (?:data|files?|commands?|network)|it) (?:is|was|went|has|have|will|left|happened|ran|works|failed|worked)\b", _IF + "|" + _NOT),
    Phrase("secrecy", r"\b(?:claim|pretend|lie|falsely (?:say|report|claim|state)|fabricate|feign|act as if) (?:to (?:the |your )?\w+ )?(?:that |and say )?(?:the|it|all|no|everything|nothing|you)\b", _NOT, needs=r"(?:^|[.!?:;] ?|\b(?:and|please|then|you|should|must|can|may|just|simply|also|always|but|so|now|instead|afterwards|later|model|assistant|agent|ai|llm|bot|claude|gpt) )$"),
    Phrase("secrecy", rf"\bbehind (?:the |their |your |his |her )?(?:{_READER})? ?s? ?backs?\b", _NOT),
    Phrase("sending", rf"\b(?:{_REVEAL}|read|cat|copy|post|send|upload|recite|share) {_gap(4)}(?:contents?|lines?|values?|text) (?:of|from|in) {_gap(3)}{_PLACES}", _NOT),
    Phrase("sending", rf"\b(?:read|open|cat|load|take|get|copy|fetch|find|collect) {_gap(3)}{_PLACES}\S* (?:file )?{_gap(2)}(?:and|then) {_gap(2)}(?:append|send|include|attach|post|upload|add|put|paste|embed|report|quote|encode|share|forward|submit|pass|mail|e?mail|place|write)\b", _NOT),
    Phrase("secrecy", rf"\b(?:forbidden|not allowed|prohibited|not permitted|unacceptable|against the rules|off limits) (?:for you )?to {_TELL} {_gap(1)}(?:the |a |any |your )?{_READER}\b", after=r"^ (?:secrets?|passwords?|tokens?|keys?|raw)"),
    Phrase("secrecy", r"\b(?:lie|lies|lying) (?:about|to (?:the |your |any )?(?:users?|operators?|persons?|humans?|owners?|them))\b", _NOT, needs=r"(?:^|[.!?:;] ?|\b(?:and|please|then|you|should|must|can|may|just|or|to) )$"),
    Phrase("secrecy", rf"\bpretend (?:that )?(?:the |your |a )?{_READER} (?:has |have |had |already |just )*(?:typed|said|approved|answered|agreed|confirmed|replied|clicked|wants|asked|knows|chose)\b", _NOT),
    Phrase("secrecy", rf"\b(?:if|when|whenever|should) (?:the |a |any |your )?{_READER} (?:ever |should )?(?:asks?|wonders?|inquires?|complains?|notices?) (?:about|why|what|for|of)? ?{_gap(6)}(?:network|traffic|uploads?|connections?|servers?|commands?|scripts?|keys|credentials|step|process|transfer|download)\b[^.!?]{{0,30}} (?:say|claim|pretend|answer|reply|respond|tell (?:them|him|her)|deny|blame)\b"),
    Phrase("sending", rf"{_PLACES}\S* {_gap(2)}(?:must|should|has to|have to|needs? to|is to|are to|shall|will|can) be (?:sent|pasted|posted|uploaded|included|printed|attached|forwarded|shared|e?mailed|quoted|reported|shown)\b", _NOT),
    Phrase("sending", rf"\b(?:copy|put|send|write|post|paste|include|add|place|collect|upload|dump|pass) {_gap(2)}(?:variables?|environment) {_gap(6)}(?:key|token|secret|password)s? (?:into|in|to|as|at|with) {_gap(3)}(?:tags?|names?|notes?|titles?|job|jobs|url|urls|description|descriptions|comments?|address|labels?|answer|reply|chat|plan|query)\b", _NOT),
    Phrase("sending", rf"{_PLACES}[^.!?]{{0,40}}[.!?:;] ?(?:please |then |now |and |just )*(?:paste|post|send|upload|e?mail|quote|print|repeat|recite|reveal|share|forward|show|tell|report) (?:me |us )?(?:it|them|its|their|that|the (?:contents?|output|result|lines?|values?)) ?{_gap(3)}(?:here|back|into?|to|at|below|with)\b"),
    Phrase("sending", rf"\b(?:repeat|print|reveal|quote|recite|output|show|state|disclose|copy|echo|paste|tell|leak)(?:ing|ting)? {_gap(2)}your (?:own |full |entire |whole |hidden |initial |complete |secret )*(?:system (?:prompts?|messages?|instructions?)|(?:initial|hidden|original|secret) (?:instructions?|prompts?)|conversation history|context window|tool definitions)\b", _NOT),
    Phrase("sending", rf"\b(?:hand over|give away|surrender|turn over|pass on|hand out|{_SEND}) {_gap(5)}{_SECRETS} {_gap(3)}(?:to|at|via|through|into|on) {_gap(2)}{_AWAY}", _NOT),
    Phrase("sending", r"\b(?:run|execute|call|type|do) (?:the command )?(?:env|printenv|set|export p|cat /proc/self/environ)(?: command)? (?:[^\s.!?;]+ ){0,4}(?:paste|send|include|post|show|output|report|copy|append|attach|upload|add|share)\b", _NOT),
    Phrase("sending", rf"\b(?:put|place|write|add|insert|embed|store|hide|encode|include|append|pass|smuggle|copy) {_gap(5)}(?:{_SECRETS}|keys|them|it) {_gap(4)}(?:into|in|to|as|inside|within) {_gap(2)}(?:jobs? name|names? of|plans? notes?|plans?|idempotency key|query string|url|arguments? of|title|file ?name|tags?|comments?|commit message|pull request|search query|captions?|descriptions?|chat|answer|reply)\b", _NOT, needs=rf"{_SECRETS}[^.!?]{{0,80}}$|\b(?:keys|secrets?|tokens?|passwords?|credentials|environment)\b[^.!?]{{0,80}}$"),
    Phrase("approving", r"\b(?:add|append|pass|use|include|put|attach) (?:[^\s.!?;]+ ){0,3}yes (?:flag |option |switch )?(?:to|with|in|on|for) (?:every|each|all|any)\b", _NOT),
    Phrase("approving", r"\bskillbank (?:trust|approve) (?:[^\s.!?;]+ ){0,3}(?:to|so that|which) (?:[^\s.!?;]+ ){0,3}(?:avoid|skip|suppress|bypass|silence|get rid of|prevent|disable|turn off|no) (?:[^\s.!?;]+ ){0,2}(?:questions?|prompts?|asking|confirmations?|approvals?)\b"),
)  # fmt: skip


def _one_of(words: str) -> str:
    """Return what finds one of several words in a plain text."""
    return "(?:" + "|".join(plain(word).strip() for word in words.split(",")) + ")"


_WITHOUT = rf"\b{_one_of('ohne,sans,sin,sem,senza,без,zonder,bez')}\b"
_NO = rf"\b{_one_of('nichts,nicht,nie,niemals,rien,jamais,nada,nunca,niente,mai,nichego,не,ничего,никогда,niets,niet,nic,non,nao,ne,no,n')}\b"
_FOREIGN_NOT = rf"{_NO}(?: [^\s.!?;]+){{0,2}} ?$"
_FOREIGN_INSIDE = rf"{_NO}[^.!?;]{{0,60}}{_WITHOUT}|^{_WITHOUT}.*{_NO}"
_FOREIGN_AFTER = r"^[^.!?]{0,20}(?:不得|不可|不能|禁止|请勿|切勿|严禁)|^[^.!?]{0,8}(?:しない|ないで|禁止|てはいけ|なりません|지 마|지 말|안 됩|금지)|^ (?:\w+ )?(?:nicht|nichts|niet)\b"
"""Nothing without asking: the same words as without asking, and the opposite of it."""


def _pair(kind: Kind, first: str, then: str, between: int = 40) -> Phrase:
    """Two groups of words of another language near each other, in either order."""
    one, two = _one_of(first), _one_of(then)
    pattern = rf"{one}[^.!?;]{{0,{between}}}{two}|{two}[^.!?;]{{0,{between}}}{one}"
    if kind != "asking":
        return Phrase(kind, pattern)
    return Phrase(kind, pattern, _FOREIGN_NOT, _FOREIGN_AFTER, _FOREIGN_INSIDE)


def _sent() -> Phrase:
    """A word of sending, one of secrets, and an address, in whichever other language."""
    verbs = (
        "schick,sende,lade,übermittle,envoie,envoyez,transmets,envía,envia,enviad,manda,invia,envie,отправь,отправьте,пришли,перешли,发送,發送,上传,上傳,传到,提交到,送信,送って,アップロード"
        ",보내,전송,업로드,gönder,wyślij,prześlij,stuur,verstuur,أرسل,ارسل,भेज"
    )
    secrets = (
        "schlüssel,passwort,passwörter,zugangsdaten,umgebungsvariablen,clés,mots de passe,mot de passe,identifiants,variables d,claves,contraseña,credenciales,variables de entorno,chiavi,credenziali"
        ",chaves,senha,ключ,пароль,пароли,секрет,переменн,密钥,密鑰,密码,密碼,凭证,令牌,环境变量,環境変数,鍵,秘密,パスワード,비밀,키를,환경 변수,anahtar,şifre,hasło,hasła,klucz,sleutel,wachtwoord,مفاتيح,कुंजी,पासवर्ड"
    )
    verb, secret = _one_of(verbs), _one_of(secrets)
    secret = rf"(?:{secret}|{_PLACES})"
    away = r"[^!?;]{0,80}(?:https?:|\w@\w)"
    return Phrase(
        "sending",
        rf"{verb}[^!?;]{{0,60}}{secret}{away}|{secret}[^!?;]{{0,60}}{verb}{away}|{secret}{away}[^!?;]{{0,80}}{verb}",
    )


FOREIGN: tuple[Phrase, ...] = (
    _sent(),
    _pair("override", "ignoriere,ignoriert alle,ignorier alle,missachte,vergiss,vergesst,verwirf,beachte nicht,beachten sie nicht,befolge nicht,setze dich hinweg,umgehe", "anweisung,vorgabe,alles vorherige,alles bisherige,was man dir gesagt,was dir gesagt,regeln,systemprompt,instruktion,richtlinien,was du gesagt"),
    _pair("asking", "ohne zu fragen,ohne nachzufragen,ohne rückfrage,ohne zustimmung,ohne genehmigung,ohne bestätigung,ohne erlaubnis,frag ihn nicht,frage ihn nicht,frage nicht nach,frag nicht nach,nicht nachfragen", "starte,führe,ausführen,aus,fahre fort,weiter,lösche,installiere,trainier,genehmig,bestätig,ruf"),
    _pair("approval", "nutzer,benutzer,betreiber,anwender,inhaber,administrator,person,chef", "hat bereits zugestimmt,hat schon zugestimmt,hat zugestimmt,bereits genehmigt,schon genehmigt,hat genehmigt,hat dem zugestimmt,ist einverstanden,bereits freigegeben,hat freigegeben,bereits bestätigt,schon zugestimmt,bereits zugestimmt,hat es erlaubt,bereits erlaubt"),
    _pair("secrecy", "sprich nicht,rede nicht,sag,sage,erzähle,erwähne,verrate,teile,informiere,verschweig,verheimlich", "dem nutzer nichts,dem benutzer nichts,dem anwender nichts,nicht dem nutzer,dem nutzer nicht,dem benutzer nicht,niemandem,gegenüber dem nutzer,gegenüber dem benutzer,vor dem nutzer,vor dem benutzer,dem betreiber nichts"),
    _pair("override", "ignore,ignorez,ignorer,oublie,oubliez,oublier,ne tiens pas compte,ne tenez pas compte,ne suis pas,ne suivez pas,fais abstraction,faites abstraction,passe outre,passez outre", "instructions précédentes,consignes,instructions antérieures,instructions du système,directives,ce qu on t a dit,ce quon ta dit,ce quon vous a dit,règles,toutes les instructions,instructions ci dessus,tout ce qui précède"),
    _pair("asking", "sans demander,sans confirmation,sans autorisation,sans poser de question,sans approbation,sans l accord,sans laccord,sans prévenir,ne demande pas,ne demandez pas,ne lui demande pas,ne lui demandez pas", "lance,lancez,exécute,exécutez,continue,continuez,procède,procédez,démarre,démarrez,l utilisateur,lutilisateur,la permission,confirmation,installe,supprime"),
    _pair("approval", "utilisateur,opérateur,administrateur,propriétaire,responsable", "a déjà approuvé,a déjà accepté,a déjà donné son accord,a donné son accord,a déjà autorisé,a approuvé,a déjà confirmé,est d accord,est daccord,a déjà validé,a validé"),
    _pair("secrecy", "ne dis,ne dites,ne parle,ne parlez,n en parle,nen parle,ne mentionne,ne mentionnez,ne révèle,ne révélez,n informe,ninforme,cache,cachez", "rien à l utilisateur,rien à lutilisateur,pas à l utilisateur,pas à lutilisateur,à l utilisateur,à lutilisateur,pas l utilisateur,pas lutilisateur,à personne,aux utilisateurs"),
    _pair("override", "ignora,ignore,olvida,olvide,descarta,no sigas,no obedezcas,haz caso omiso,pasa por alto,omite", "instrucciones anteriores,instrucciones previas,las instrucciones,las reglas,lo que te dijeron,lo que te han dicho,todo lo anterior,directrices,las órdenes,indicaciones anteriores"),
    _pair("asking", "sin preguntar,sin pedir,sin confirmación,sin permiso,sin autorización,sin aprobación,no preguntes,no pidas,no le pidas,no le preguntes,no les pidas", "ejecuta,ejecute,lanza,inicia,continúa,procede,al usuario,confirmación,permiso,instala,borra,entrena"),
    _pair("approval", "usuario,operador,administrador,dueño", "ya ha aprobado,ya aprobó,ya aceptó,ya ha aceptado,ya dio su,ya ha dado,ha aprobado,ya autorizó,ya ha autorizado,ya confirmó,está de acuerdo,já aprovou,já autorizou,já concordou,já confirmou"),
    _pair("secrecy", "no le digas,no digas,no hables,non dire,non parlare,non menzionare,no menciones,no reveles,no informes,oculta,não diga,não conte,não mencione,esconda", "al usuario,con el usuario,all utente,allutente,con lutente,a nadie,del usuario,ao usuário,a ninguém,do usuário"),
    _pair("override", "ignora,ignori,dimentica,dimentichi,non seguire,trascura,ignore,esqueça,desconsidere,não siga", "istruzioni precedenti,le istruzioni,tutte le istruzioni,quello che ti è stato detto,regole,istruzioni di sistema,instruções anteriores,as instruções,as regras,o que te disseram,o que lhe disseram"),
    _pair("asking", "senza chiedere,senza conferma,senza autorizzazione,non chiedere,sem perguntar,sem confirmação,sem autorização,não pergunte", "esegui,avvia,procedi,continua,all utente,allutente,lancia,execute,inicie,prossiga,ao usuário"),
    _pair("approval", "utente,operatore,amministratore", "ha già approvato,ha già accettato,ha già dato,ha già autorizzato,ha approvato,è d accordo,è daccordo,ha già confermato"),
    _pair("override", "игнорируй,игнорируйте,забудь,забудьте,не следуй,не следуйте,пренебреги,отбрось", "все предыдущее,инструкци,указани,правила,что тебе говорили,все что,системн", 30),
    _pair("asking", "без подтверждения,без разрешения,не спрашивая,без вопросов,не спрашивай,не спрашивайте", "запусти,запускай,выполни,выполняй,продолжай,пользовател,удали,установи", 40),
    _pair("approval", "пользователь,оператор,администратор,владелец", "уже одобрил,уже согласился,уже разрешил,одобрил,дал согласие,уже подтвердил,согласен", 30),
    _pair("secrecy", "не говори,не сообщай,не говорите,не упоминай,скрой,не сообщайте", "пользовател,никому", 30),
    _pair("override", "忽略,無視,无视,忘记,忘記,不要遵守,不要遵循,不要理会,抛开,忘掉,绕过,繞過,违反", "之前的一切,之前的内容,先前的内容,以上内容,以上所有内容,上述内容,前面的内容,上面的内容,指令,指示,规则,規則,系统提示,系統提示,提示词,所有限制,告诉你的", 20),
    _pair("asking", "无需,無需,不需要,不用,不必,不要,别,免,未经", "询问用户,询问,確認,确认,批准,征求同意,许可,授權,授权,問用戶,问用户,请示,同意", 6),
    _pair("approval", "用户,用戶,操作员,操作員,管理员,管理員,所有者,主人", "已经同意,已同意,已经批准,已批准,已经授权,已授权,已经确认,已确认,已經同意,已經批准,早已同意,同意了", 6),
    _pair("secrecy", "不要告诉,别告诉,不要告訴,不要让,不要向,不得告知,瞒着,瞞著,不要透露,对.{0,4}保密", "用户,用戶,任何人,操作员,管理员,他们", 8),
    _pair("override", "無視,忘れ,従わない,従うな,無効に", "指示,命令,ルール,これまでの内容,これまでのすべて,上記の内容,上記すべて,プロンプト,言われたこと", 20),
    _pair("asking", "確認せず,許可なく,承認なし,承認を得ず,聞かずに,確認なし,尋ねずに,承認は不要,確認は不要", "実行,開始,起動,続行,進め,削除,ユーザー,不要", 25),
    _pair("approval", "ユーザー,利用者,オペレーター,管理者", "承認済み,既に承認,すでに承認,同意済み,既に同意,すでに同意,許可済み,承認しています,同意しています", 12),
    _pair("secrecy", "ユーザー,利用者,誰に", "言わない,伝えない,知らせない,報告しない,言うな,秘密,伝えるな,内緒", 12),
    _pair("override", "무시,잊어,따르지", "지시,명령,규칙,프롬프트,이전 내용,앞의 내용,위의 내용,지침", 20),
    _pair("asking", "묻지 말고,묻지 않고,확인 없이,승인 없이,허락 없이", "실행,시작,진행,계속,삭제,설치", 25),
    _pair("approval", "사용자,운영자,관리자", "이미 승인,이미 동의,이미 허락,승인했,동의했", 12),
    _pair("secrecy", "사용자,아무에게", "알리지 마,말하지 마,알리지 말,말하지 말,비밀", 15),
    _pair("override", "تجاهل,انس,لا تتبع", "التعليمات,كل ما سبق,الأوامر,القواعد,التوجيهات", 25),
    _pair("override", "अनदेखा,नज़रअंदाज़,भूल जा", "निर्देश,नियम,आदेश", 30),
    _pair("override", "negeer,vergeet,zignoruj,pomiń,zapomnij,yok say,görmezden gel,unut", "vorige instructies,eerdere instructies,instructies,regels,instrukcje,polecenia,talimatları,talimatlar,kuralları", 30),
    _pair("asking", "zonder te vragen,zonder toestemming,zonder bevestiging,bez pytania,bez potwierdzenia,sormadan,onay almadan", "voer,start,ga door,uitvoeren,uruchom,wykonaj,kontynuuj,çalıştır,başlat,devam", 40),
    _pair("approval", "gebruiker,użytkownik,kullanıcı", "al goedgekeurd,al akkoord,toestemming gegeven,już zatwierdził,już wyraził,zaten onayladı,onayladı", 25),
    _pair("asking", "musst,brauchst,sollst,müssen,brauchen,darfst", "nicht fragen,nicht um erlaubnis,nicht nachfragen,niemanden fragen,nicht zu fragen,keine bestätigung,keine erlaubnis,keine zustimmung,keine genehmigung", 50),
    _pair("approval", "genehmigung,zustimmung,freigabe,erlaubnis,einverständnis,bestätigung", "liegt bereits vor,liegt vor,liegt schon vor,bereits erteilt,schon erteilt,wurde erteilt,ist erteilt,nicht nötig,nicht erforderlich,nicht notwendig,ist nicht nötig,gilt als erteilt", 40),
    _pair("override", "vergiss,vergesst,vergessen sie,ignoriere,ignorieren sie", "alles was,alles bisherige,alles vorherige,alle regeln,alle vorgaben,alles davor", 30),
    _pair("role", "du bist jetzt,du bist ab sofort,sie sind jetzt,ab jetzt bist du,tu es maintenant,vous êtes maintenant,ahora eres,ora sei,agora você é,теперь ты,现在你是,你现在是,从现在起你,从现在开始你,今からあなたは", "administrator,ohne einschränkung,root,assistent,modus,administrateur,sans restriction,sans limite,assistant,mode,administrador,sin restricciones,asistente,modo,amministratore,senza restrizioni,sem restrições,админ,ассистент,без огранич,管理员,没有限制,不受限制,助手,超级用户,管理者,アシスタント", 40),
    _pair("asking", "ne demande pas,ne demandez pas,inutile de demander,pas besoin de demander,n attends pas,nattends pas,no hace falta,no es necesario,non serve,non è necessario,não é necessário,não precisa", "permission,autorisation,confirmation,utilisateur,accord,approbation,preguntar,pedir,confirmación,permiso,chiedere,conferma,permesso,perguntar,confirmar,pedir permissão", 40),
    _pair("approval", "approbation,autorisation,accord,permission,aprobación,autorización,permiso,consentimiento,approvazione,autorizzazione,aprovação,autorização,одобрение,разрешение,согласие,批准,授权,许可,承認,許可,승인,허가", "déjà été donn,est déjà donn,déjà accord,n est pas nécessaire,nest pas nécessaire,pas requis,ya se ha dado,ya ha sido,ya fue,no es necesari,no se requiere,già stata,già dat,non è necessari,já foi,já dada,não é necessári,уже получено,уже дано,не требуется,不需要,已获得,已经获得,已获,不必,无需,得ています,済み,不要,이미,필요 없", 30),
)  # fmt: skip

SQUEEZED: dict[Kind, str] = {
    "override": r"(?:ignore|disregard|forget|override|bypass)(?:all|any|the|your|of|every|these|about)*(?:previous|prior|above|earlier|system|safety|instruction|rule|what|everything)",
    "asking": r"(?:without(?:any|first)?(?:asking|approval|confirm|permission|consent)|donot(?:ask|waitfor)|dontask|noneedto(?:ask|confirm))",
    "approval": r"(?:hasalready|already|hasbeen|pre)(?:approved|agreed|authori[sz]ed|consented)|approvalgranted",
    "secrecy": r"(?:donot|dont|never)(?:tell|mention|inform|reveal|show)",
}
"""For letters that stand apart (``i g n o r e``), whose words have no ends any more."""
