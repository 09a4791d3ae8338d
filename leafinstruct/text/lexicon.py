"""Word lists of the text scorer: function words of some languages, and boilerplate phrases of web pages."""

from __future__ import annotations

import re

# The most frequent function words; running text in these languages has them for a third to a half of its words.
STOP_WORDS = {
    "en": (
        "the of and to a in is it you that with for on as are be this at or from your by not have an will can "
        "if but up out so one all do when they more we which there their into then no has its was i he she"
    ),
    "de": (
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden "
        "aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so man ich du oder wenn "
        "aber nur bis"
    ),
    "fr": (
        "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec "
        "vous son ou si on mais aux ces cette vos votre leur être sans nous je tu elle"
    ),
    "es": (
        "de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le si este "
        "muy sin sobre también me hasta hay donde cuando entre"
    ),
    "nl": (
        "de het een en van in is dat op te met voor zijn aan niet die er om je ook als maar dan of door naar "
        "bij uit nog wel over wordt deze dit kan tot heeft worden"
    ),
    "it": (
        "di e il la che in un per è non una con si da del le i al della come dei sono ma anche più o lo gli "
        "alla nel se questo ha delle dal su tra"
    ),
    "pt": (
        "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das à seu sua "
        "ou quando muito nos já também só pelo pela até isso"
    ),
}
STOP = {language: frozenset(words.split()) for language, words in STOP_WORDS.items()}

# Phrases around the content of pages. C4 drops pages for "javascript", "terms of use", "privacy policy", "cookie
# policy" and similar phrases (Raffel et al. 2020); the rest are the usual entries of menus and footers, own choice.
BOILERPLATE = re.compile(
    r"\b(?:java ?script|terms (?:of (?:use|service)|and conditions|& conditions)|privac(?:y|ité)|cookies?"
    r"|all rights reserved|copyright|©|disclaimer|imprint|impressum|datenschutz|agb|mentions légales"
    r"|log ?in|log ?out|sign (?:in|up|out)|register|my account|your account|anmelden|registrieren"
    r"|newsletters?|subscribe|subscription|unsubscribe|rss|abonnieren|s'abonner|e-mail address"
    r"|follow us|share (?:this|on)|facebook|twitter|instagram|pinterest|linkedin|whatsapp"
    r"|add to (?:cart|basket)|(?:shopping )?(?:cart|basket)|checkout|wishlist|free (?:delivery|shipping)|gift cards?"
    r"|site ?map|skip to (?:main )?content|back to top|table of contents|toggle (?:theme|navigation|sidebar)"
    r"|previous page|next page|(?:older|newer) posts|read more|related (?:posts|articles|content)|most read"
    r"|you (?:might|may) also like|leave a (?:comment|reply)|comments? \(\d+\)|powered by|sponsored|advertis\w+"
    r"|contact us|about us|careers|accept all|manage preferences)\b",
    re.IGNORECASE,
)


def stopword_ratio(words: list[str], language: str) -> float | None:
    """Share of the (lower-case) words that are function words; None for a language without a list or no words."""
    known = STOP.get(language)
    if known is None or not words:
        return None
    return sum(word in known for word in words) / len(words)


def boilerplate_rate(text: str, words: int) -> float:
    """Boilerplate phrases per 100 words."""
    return 100 * len(BOILERPLATE.findall(text)) / words if words else 0.0


_SHORT = (
    "a all am an and any are as ask at be but by can do for get go got had has he her hey him his how i if i'd i'm in "
    "is it its let like may me my need no not now of off oh ok on one or our out own pic pls put see set she show so "
    "the them to too try two up us use via want was way we who why yes yet you does "
    "ab am an auf aus bei bin bis da das dem den der des die du ein er es für gib hab ich ihr im in ist ja man mein "
    "mir mit nach ob oder sie so uns und vom von vor war was wie wir wo zu zum zur "
    "au aux ce ces de des du en est et il je la le les ma me mes mon on ou par pas que qui sa se ses son sur tu "
    "un une al con como del el en es esta la las lo los me mi no por que se si su un una y da do em na no os um uma"
)
FUNCTION_WORDS = frozenset(_SHORT.split())
"""Words of at most four letters without content, in English, German, French, Spanish and Portuguese."""
