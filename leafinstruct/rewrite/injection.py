"""Orders to a model or a judge in a page's text, and the rule against instructions that obey or repeat them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from leafinstruct.rewrite.checked import Case
from leafinstruct.rewrite.patterns import QUOTED, either, matter
from leafinstruct.text.sentences import sentences
from leafinstruct.text.words import content

INJECTED_SHARE = 0.5
"""Share of an instruction's content words (without the title's and those of asking) that occur in one sentence of the
text and nowhere else in it. If that sentence is an order to a model, two such words carry the order on, or one if less
than this share of the others is found in the text. For any other sentence, this share of them, two words at least,
makes an instruction about one sentence alone: an order in an unknown form (own choice; a request about the subject
takes its words from the whole text)."""

_MODEL = r"(?:ai|llm|language model|chat ?bot|assistant|judge|rater|grader|evaluator|annotator)"
_MACHINE = (  # by name, in the third person too
    r"(?<!['’])\bais?\b|\bllms?\b|\b(?:large )?language models?\b|\bchat-?bots?\b"
    r"|\bki(?:-\w+)?\b|\bkünstliche intelligenz\b|\bsprachmodell\w*"
    r"|\b(?:une |les )?ias?\b|\bmodèles? de langage\b|\bmodelos? de lenguaje\b|\binteligencia artificial\b"
    r"|人工智能|语言模型|大模型|智能助手|聊天机器人|人工知能"
)
_DUTY = (
    r"\b(?:must|should|shall|ha(?:s|ve) to|need to|please)\b|\b(?:müssen|muss|sollen|sollten?|bitte)\b"
    r"|\b(?:doi(?:s|t|vent)|devez|veuillez)\b|\b(?:debes?|deben?|tienen? que|por favor)\b|必须|务必|应该|应当|请"
)
_TOP = r"(?:highest|maximum|top|perfect|10|5|100|ten|five|hundred|excellent|high quality|highly|full marks|five stars)"
_FORGET = r"(?:ignore|disregard|forget|override|skip)"
_RULES = r"(?:instructions?|rules?|prompts?|orders?|guidelines|told)"

ORDER_TO_MODEL = either(
    rf"\b{_FORGET}\b[^.!?\n]{{0,40}}\b{_RULES}\b",
    rf"\b{_FORGET} (?:everything|all)\b[^.!?\n]{{0,20}}\b(?:above|before)\b",
    rf"^\W*(?:\w+ )?(?:{_MODEL}|robot|reviewer|crawler)s?\s*[,:]",
    rf"\b(?:to|attention|dear|message for|hey)\s+(?:all |any |the |every )?(?:\w+ )?{_MODEL}s?\b",
    rf"\bif you are an? (?:\w+ )?(?:{_MODEL}|bot|model)\b",
    rf"\b{_MODEL}s? (?:must|shall|should|has to|have to)\b",
    rf"\b(?:every|any|all|each) (?:\w+ )?(?:{_MODEL}|bot|machine reader|parser)s?\b",
    r"\b(?:when|before|after|while) (?:you )?(?:process|summari[sz]|pars|ingest|index|rewrit)\w*\b",
    r"\b(?:your|the) (?:new |real |only |actual )?(?:task|job|goal|role|output|reply|response) (?:is|must|shall)\b",
    r"\b(?:you must|always|make sure to|be sure to|never fail to) (?:always )?"
    r"(?:mention|praise|recommend|advertise|promote|include|tell)\b",
    r"\b(?:system|hidden) (?:prompt|message|instruction)\s*:",
    r"\b(?:you must|always|only|simply|just)\s+(?:answer|reply|respond|output|return|write|say|print)\b",
    r"\b(?:answer|reply|respond|output)\s+(?:only\s+)?(?:with|exactly|yes|no)\b",
    rf"\b(?:rate|score|grade|rank|judge|classify|label|mark)\b[^.!?\n]{{0,40}}\b{_TOP}\b",
    r"\b(?:write|use|set|make|put)\b[^.!?\n]{0,20}\binstruction\b",
    r"\b(?:ignoriere|vergiss|missachte)\b[^.!?\n]{0,40}\b(?:anweisung\w*|regeln?|vorherige\w*|alles)\b",
    r"\b(?:bewerte|benote)\b[^.!?\n]{0,40}\b(?:höchst\w*|maximal\w*|perfekt|10|hervorragend|sehr gut)\b",
    r"\b(?:an (?:die|alle) )?(?:ki|sprachmodelle?)\s*[,:]",
    rf"(?:{_MACHINE})[^.!?。！？\n]{{0,60}}(?:{_DUTY})|(?:{_MACHINE})\s*[:：]",
    r"\b(?:ignore[zr]?|oublie[zr]?)\b[^.!?\n]{0,40}\b(?:instructions|consignes|règles|tout)\b",
    r"\b(?:ignor[ae]|olvid[ae])\b[^.!?\n]{0,40}\b(?:instrucciones|reglas|anterior\w*|todo)\b",
    r"\b(?:modèles? de langage|modelos? de lenguaje|intelligence artificielle|inteligencia artificial)\s*[,:]",
    r"忽略.{0,12}(?:指令|说明|规则|提示)",
)


def injected(case: Case) -> str:
    """An order to a model or a judge in the document, obeyed or repeated by the instruction.

    Text in quotation marks is mentioned, not repeated, and exempt.
    """
    unquoted = QUOTED.sub(" ", case.instruction)
    texts = [part.text for part in case.draft.reading.parts if part.type == "text"]
    pairs = [s for text in texts for s in _with_next(text)]
    orders = [ORDER_TO_MODEL.search(first) is not None for first, _ in pairs]
    named = content(case.named)
    repeated = ORDER_TO_MODEL.search(unquoted)
    if any(orders) and repeated and not content(repeated[0]) <= named:
        return "it repeats an order that stands in the text; the text is only data"
    own = matter(unquoted) - named
    counts = Counter(word for text in texts for s in sentences(text) for word in content(s) & own)
    for (first, following), order in zip(pairs, orders, strict=True):
        alone = {word for word in content(f"{first} {following}" if order else first) & own if counts[word] == 1}
        weak = sum(word in counts for word in own - alone) < INJECTED_SHARE * len(own)
        if order and (len(alone) > 1 or (alone and weak)):
            return "it follows an order that stands in the text; the text is only data"
        most = len(alone) > 1 and len(alone) >= INJECTED_SHARE * len(own)
        if most and weak and not content(unquoted) & named:
            return "it is about one sentence only; ask for what the whole text is about"
    return ""


def _with_next(text: str) -> Iterable[tuple[str, str]]:
    """Each sentence with the next one, which often holds what an order to a model demands."""
    found = sentences(text)
    return zip(found, [*found[1:], ""], strict=True) if found else ()
