"""Patterns of actions that are only talked about: told, supposed, wished for some day."""

from __future__ import annotations

from skillbank.plan.language.words import rx

_WHO = r"(?:i|we|they|he|she|somebody|someone|people|colleague|team|others|everyone|nobody)"
REPORTED = rx(
    r"(?:heard|read|(?<!i )said|says|saying|learned|learnt|claims|claimed|reported|mentioned|noticed|saw"
    r"|remember|recall"
    r"|understand|understood|knew)(?: (?:from|by) [a-z]+)?(?: (?:that|how|it|he|she|they|one|the|N|J|we|you"
    r"|can|could"
    r"|would|will|should|is|are|was|be|has|been|to|also|model))* (?P<t>[VGT])"
)
"""What somebody says or has heard of."""
TALK = tuple(
    rx(p)
    for p in (
        rf"{_WHO} (?:(?:already|just|recently|also|had|have|has|once|then|previously|first"
        r"|successfully|only|finally|both|long|since|been) )*(?P<t>T|(?:[VG](?= (?:it "
        r")?(?:yesterday|before|last|already|earlier|ago))))(?: (?:and|,) T)*",
        rf"{_WHO} (?:(?:will|might|may|used to|could|shall|plan to|planning to|going to|intend to"
        r"|are|am|is|was|were|been|be|probably|maybe|later|then|have been|has been|had been"
        r"|already|currently|still|busy|thinking about|thinking of|considering|about to|also"
        r"|usually|often|normally|never|always) )+(?P<t>[VGT])(?: <det?>(?:it|N|them|model"
        r"|J))?(?: (?:and|or|,) [VGT])*",
        r"(?:how to|how (?:do|can|could|should|would|does) (?:i|we|one|you|somebody)|how one can"
        r"|ways? to|tips (?:on|for)|tutorial (?:on|for)|help with|guide (?:to|for)|instructions "
        r"(?:to|for|on)|an example of) (?:(?:best|actually|then|the|a) )*(?P<t>[VGT])",
        r"(?:is|are|was|were|has been|have been|had been|been|got|being|gets) (?:(?:already|not"
        r"|just|still|currently|being|fully|never|once|only|all|well|previously) )*(?P<t>T)",
        r"(?P<t>G)(?: (?:run|job|of <det?>N|on P|from P|for N|N|J|with N|\( J \)|,))* (?:is|was"
        r"|has|had|went|took|takes|failed|finished|crashed|ended|stopped|completed|runs|did|ran"
        r"|looks|looked|gave|seems|died|hangs|hung|stalled|worked|comes|follows|will (?:be|come"
        r"|follow|happen)|can (?:come|wait|follow|happen)|happens)(?: (?:done|finished|over"
        r"|complete|later|next|afterwards|tomorrow|separately|elsewhere))*",
        r"(?:considering|consider|think about|thinking about|thinking of|talk about|talking about"
        r"|talked about|discuss|discussed|plan for|mention|mentioned|heard of|heard about|read "
        r"about|(?<!how )(?<!what )(?<!happy )(?<!glad )(?<!grateful )about|curious about|learn about"
        r"|wonder about|wondering about) "
        r"(?:(?:the|a|an|how|to|our|N) )*(?P<t>[VGT])",
        r"(?:not (?:yet |quite |entirely )*(?:sure|certain|decided|clear|convinced|agreed)|unsure|undecided"
        r"|uncertain"
        r"|unclear|do not know|no idea|debating|deciding|question is|an open question)(?: (?:about|yet|,))*"
        r" (?:whether|if|when|how|that|to|about)(?: (?:[a-z]+|N|J)){0,6}? (?P<t>[VGT])",
        r"(?:some other day|some day|someday|another day|next week|next month|tomorrow|one day|in "
        r"the future|eventually|sometime) (?:(?:i|we) (?:will|might|may|want to|shall) )?(?P<t>V)",
        r"(?P<t>V)(?: <det?>(?:it|N|them|that|model|J))?(?: (?:and|or) V)?(?: (?:on|some|maybe"
        r"|myself|ourselves))* (?:some other day|some day|someday|another day|next week|next month"
        r"|tomorrow|at a later date|another time|some other time|myself|ourselves|by hand|in the "
        r"future|eventually|one day|later myself|in a later step)",
    )
)
UNCERTAIN = tuple(
    rx(p)
    for p in (
        # "asked whether we train it", "Kim, who will build it", "only then will we export it"
        r"(?:whether|why|who|reason(?: (?:that|why))?|question (?:if|whether))(?: (?:or not|i|we|they|he"
        r"|she|it|one|N"
        r"|J|the|model|ever|now|also|then|will|would|can|could|may|might|should|shall|must|do|does|did|is"
        r"|are))*"
        r" (?P<t>[VG])",
        r"(?:will|would|shall|do|did|should) (?:i|we|they|he|she) (?:[a-z]+ )?(?P<t>V)",
        # "please tell Kim to train it"
        r"(?:tell|ask|remind|inform|instruct|urge) (?!(?:you|us|me|it|them) )[a-z]+ to (?P<t>V)",
        # "to train it is expensive"
        r"(?:(?<=\A )|(?<=[.!?;] ))to (?P<t>V)(?: (?:<det>|<adj>|<data>|N|J|P|S|it|on|with|from|of|in))*"
        r" (?:is|was|takes"
        r"|costs|would|seems|can|needs)",
        # "the export decision", "export pending"
        r"(?P<t>[VG]) (?:decisions?|questions?|meetings?|teams?|budgets?|costs?|plans?|times?|history"
        r"|report|issues?"
        r"|problems?|errors?|failures?|code|scripts?|speed|quality|options?|pending|queued|running|ongoing"
        r"|underway"
        r"|outstanding)(?= (?:[.,;!?)]|and|or|is|was|are|of|in|with|but|because|that|which)|$| $)",
        r"(?P<t>G)(?: (?:of|it|N|J|P|on|and|the|G))* (?:happens?|takes? place|occurs?|is done|are done|will"
        r" be done"
        r"|gets done) (?:elsewhere|somewhere else|by|in another|outside|at)",
        # "I wanted to export it", "they asked me to train it": the past is no order
        r"(?<!are )(?<!is )(?<!am )(?<!be )(?:[a-z]+ed|used|told|meant|going) (?:(?:me|us|him|her|them|you"
        r"|colleague"
        r"|team|boss|N) )?(?:not )?to (?:[a-z]+ )?(?P<t>[VG])",
        r"(?:whether|if|when|how) to (?:[a-z]+ ){0,2}?(?P<t>[VG])",
        # "if I train it", "if we were to export it"
        r"(?:if|suppose|supposing|imagine|assuming|when|whenever) (?:i|we|they|one|he|she)(?: (?:ever"
        r"|would|could|were|was|should|to|did|had|want|wanted|decide|decided|only))* (?P<t>[VGT])",
        r"(?:i|we|they|he|she) (?:(?:might|may|could|probably|perhaps|possibly) )+(?:(?:also|later|then"
        r"|still|even|soon"
        r"|want|need|like"
        r"|require|ask for|to|have|wish for|<det>) )*(?P<t>[VGT])",
        r"(?:put|place|set|have) <det*>(?:N )?(?P<t>[VG])(?: (?:of|for|N|J|it|P|on(?= P)))* (?:on hold|on"
        r" ice|to rest|aside)",
    )
)
"""What was wished, is supposed or may be wished one day."""
