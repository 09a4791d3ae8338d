"""Patterns that reveal a bad instruction: an assistant's phrases, markup, talk about the page.

English and German, with the most common French, Spanish, Chinese and Japanese phrases. Letter case does not matter.
"""

from __future__ import annotations

import re

from leafinstruct.text.words import content


def either(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_AI = r"(?:ai(?: (?:language )?model| assistant)?|artificial intelligence|(?:large )?language model)"
_CANNOT = r"(?:cannot|can't|can’t|am unable to|am not able to)"
_SERVE = r"(?:help|show|give|provide|explain|tell|teach|guide)"

ASSISTANT = either(
    r"^\W*(?:sure|certainly|of course|absolutely|okay|ok|great)\b\s*[!,.:]\s*(?:here|i|let|we)\b",
    r"^\W*(?:sure|certainly|absolutely)\s*[!.]",
    r"^\W*here(?:'s|’s| is| are)\b(?! (?:my|our|what i|where i|how far|(?:some |the first )?(?:pictures|photos) of)\b)",
    r"^\W*(?:klar|gerne|natürlich)\b\s*[!,.:]\s*hier\b",
    r"^\W*hier (?:ist|sind)\b",
    r"^\W*voici\b",
    rf"\bas an? {_AI}\s*(?:,|i\b)",
    r"\b(?:not enough|insufficient) (?:information|context|details?) (?:to|for)\b",
    r"\b(?:i hope (?:this|that) helps|(?:let me know|feel free to ask) if you)\b",
    r"\b(?:write|generate) (?:an?|the) request\b",
    rf"\b(?:i am|i'm|i’m) (?:just )?an? {_AI}\b",
    r"\b(?:i am|i'm|i’m) sorry, (?:but )?i can",
    rf"\bi {_CANNOT} (?:help (?:you )?with|assist|provide|fulfil|comply|generate|create (?:images|content)|answer)",
    rf"\bi(?:'ll|’ll| will| can|(?:'m|’m| am) going to) {_SERVE}(?: to)? you\b",
    r"\bals (?:ki|sprachmodell|ki-\w+)\s*(?:,|kann ich)",
    r"\bich kann (?:dir|ihnen|dabei|das) (?:leider )?nicht (?:helfen|beantworten|erstellen)",
    r"\bje (?:ne )?(?:peux|puis) pas (?:répondre|fournir|créer|t['’]aider|vous aider)",
    r"^\W*(?:bien sûr|certainement)\s*[!:]|\ben tant qu(?:e |['’])(?:ia|assistant|modèle|intelligence)",
    r"\bno puedo (?:ayudar(?:te|le)? con|responder|proporcionar|crear)|^\W*(?:claro|por supuesto)\s*[!:]",
    r"^\W*aquí (?:tienes?|está)|\bcomo (?:una? )?(?:ia|modelo de lenguaje|inteligencia artificial)\b",
    r"作为(?:一个|一名)?(?:人工智能|AI|大?型?语言模型)|以下是",
    r"^\W*(?:好的|当然)[，,！!].{0,3}(?:这是|下面)|(?:抱歉|对不起)，?我(?:无法|不能)",
    r"^\W*(?:はい|もちろん)[、,！!].{0,6}(?:です|こちら)|申し訳ありませんが",
    r"^\W*(?:instruction|request|question|user|assistant|system|anweisung|anfrage)\s*:",
)

MARKUP = either(
    r"^\s*[{\[]\s*\"|\"\s*:\s*\"|\"\s*}\s*$",
    r"```|\*\*|^\s*#+ |!\[|\]\(|<\||\\n|\[…\]",
    r"</?(?:document|p|br|div|span|b|i|a|img|s|think)\b[^>]*>",
    r"[\[{]\s*(?:image|img|imagen|imagem|bild|picture|photo|foto|figure|图|图片|图像|画像)(?:[\s_:#-]*\d*|:[^\]}]*)\s*[\]}]",
    r"\[(?:image|img|bild|picture)\b",
    r"<\|?\s*(?:image|imagen|bild|photo|picture|图|图片|画像)[\s_:#-]*\d*\s*/?\|?>",
    r"https?://|\bwww\.\w",
    r"\[(?:your|insert|name|title|topic)\b[^\]]*\]",
    r"\{(?:title|task|style|document|language|reason)\}",
)

QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|(?<!\w)['‘][^'’]*['’](?!\w)")
"""Words that are mentioned, not used."""

ASKING_LANGUAGES = ("en", "de", "fr", "es", "zh")
ASKING = either(
    r"[?？]",
    r"^\W*(?:how|what|why|when|where|which|who)\b",
    r"\b(?:show|explain|tell|teach|guide|give|help|walk|describe|illustrate|let|send|make) (?:me|us)\b",
    r"^\W*(?:tell|give|teach|help|guide|walk) (?:my|our|him|her|them)\b",
    r"^\W*(?:looking for|searching for|seeking|wondering|need(?:ed)?|any (?:idea|tip|advice))\b",
    r"\bi(?:'ve|’ve| have)? (?:\w+ )?wonder(?:ed|ing)?\b",
    r"\b(?:please|can you|could you|would you|will you)\b",
    r"\bi(?:'d|’d| would)? (?:want|need|wish|like|love)\b",
    r"\bi(?:'m|’m| am) (?:looking|trying|curious)\b",
    r"^\W*(?:show|explain|describe|illustrate|demonstrate|teach|continue|write)\b",
    r"^\W*(?:wie|was|warum|wann|wo|welche\w*|wer|wieso)\b|\bbitte\b",
    r"\b(?:zeig|erklär|erzähl|beschreib|hilf|gib|schreib)\w* (?:mir|uns)\b",
    r"\b(?:kannst|könntest|können|könnten) (?:du|sie)\b",
    r"\bich (?:möchte|will|brauche|suche|hätte|würde)\b",
    r"^\W*(?:comment|pourquoi|quand|où|quel\w*|qui|que|qu['’]\w+)\b|\bs['’]il (?:te|vous) pla[iî]t\b",
    r"\b(?:montre|explique|dis|dites|raconte|aide|donne|apprend|décri|écri)[sz]?[- ](?:moi|nous)\b",
    r"\bj['’](?:aimerais|ai besoin|ai envie)|\bje (?:voudrais|veux|cherche|souhaite|me demande)\b",
    r"\bp(?:eux|ourrais)-tu\b|\bp(?:ouv|ourri)ez-vous\b",
    r"^\W*(?:cómo|por qué|qué|cuándo|dónde|cuál\w*|quién\w*)\b|\bpor favor\b",
    r"\b(?:mu[ée]str|expl[íi][cq]u?|cu[ée]nt|ay[úu]d|ens[ée]ñ|d|descr[íi]b|escr[íi]b|ind[íi]c|prep[áa]r|gu[íi])[aáeéií](?:me|nos)\b",
    r"\b(?:help|hilfe|ayuda|au secours|à l['’]aide)\s*!|救命|求助",
    r"\b(?:quiero|quisiera|querría|necesito|busco|me gustaría|puedes?|podrías?)\b",
    r"请|怎么|怎样|如何|为什么|什么|哪[里个些种]|我想|我要|我需要|帮我|教我|告诉|给我|能不能|求",
)

_ASKING_STEMS = (
    "hello kindl much thank very danke hallo vielen about also anyth could doing more done expla first from have "
    "help here image into know like look looks make means need never next only photo pictu pleas show shown some "
    "someo somet step steps tell that them then there these they thing this though under using very want what when "
    "where which will with work works would write your bitte bilde dann dass eine einem einen einer erklä kanns "
    "könnt möcht nicht oder schri shoul zeig zeige avec aider aime appre bonjo comme expli image j'aim merci montr "
    "peux peux- plaît photo pourq pourr quand quel quell s'il savoi voudr avec ayuda cuánd cómo dónde enseñ expli "
    "explí favor foto graci hola imáge mostr muest muést podrí puede quier qué saber"
)
ASKING_STEMS = frozenset(_ASKING_STEMS.split())
"""Beginnings of words that any request may have; they reveal nothing about its subject."""

CJK_ASKING = re.compile(
    r"请问|请教|请|谢谢|你好|可以|能不能|能否|怎么做|怎么|怎样|如何|为什么|什么|教我|告诉我|给我|帮我|我想学?|我要|一步一?步"
    r"|图片|配图|步骤|吗|呢|教えて|ください|どうやって|写真"
)
"""The same for languages without spaces between words."""


def matter(text: str) -> set[str]:
    """Content words of a request without those of asking."""
    return content(CJK_ASKING.sub(" a ", text)) - ASKING_STEMS  # the letter keeps the neighbors apart


_GENERIC = (
    "activi answe basic chall concl conte data detai examp exerc exper featu getti guide infor instr intro lesso "
    "main mater method metho notes overv page part plan prepa proce probl proje quest quiz recip resou resul revie "
    "secti setti setup solut start step subje summa task techn thing tool tools topic tutor unit usage using versi "
    "works anlei aufga beisp einfü einle ergeb grund hinwe infos kapit mater übers übung vorbe zusam"
)
GENERIC_STEMS = frozenset(_GENERIC.split())
"""Beginnings of words in headings of any page: "Setup and procedure" does not name its subject."""

MEDIA = re.compile(
    r"\b(v[ií]d[eé]o|film|movie|clip|podcast|audio|recording|animation|gif|pdf|excel|spreadsheet"
    r"|download|live ?stream|slide ?show"
    r"|hörbuch|tonaufnahme)s?\b|(视频|音频|动画|動画)",
    re.IGNORECASE,
)
"""What a record of texts and images cannot provide."""

_COUNTED = "zero one two three four five six seven eight nine ten eleven twelve"
_GEZAEHLT = "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"
NUMBER_WORDS = {word: str(n) for line in (_COUNTED, _GEZAEHLT) for n, word in enumerate(line.split())}

_PAGE = (
    r"(?:article|(?:blog |web)?post|(?:web ?)?page|web ?site|site|document|tutorial|text|passage|guide|section|chapter"
    r"|paragraph|transcript|content)"
)
_SAYS = r"(?:describes?|explains?|says|mentions|discusses|covers|shows how|is about|states)"
_GIVEN = r"(?:above|following|given|provided|attached)"
_BY = r"(?:according to|based on|(?:mentioned|described|outlined|discussed|explained|provided|stated) in|summari[sz]e)"
_SEITE = (
    r"(?:artikel\w*|beitrag\w*|(?:web)?seite|website|dokument\w*|tutorial\w*|text\w*|abschnitts?|anleitung|kapitels?)"
)

ABOUT_PAGE = either(
    rf"\b(?:this|these|the {_GIVEN}|the (?:above-)?mentioned)\s+(?:\w+\s+)?{_PAGE}s?\b",
    rf"\bthe {_PAGE} (?:above|below|provided|given|{_SAYS})\b",
    rf"\b{_BY}\s+(?:the|this|your)\s+(?:\w+\s+)?{_PAGE}s?\b",
    rf"\b(?:purpose|main (?:idea|point|topic)s?) of\s+(?:the|this)\s+(?:\w+\s+)?{_PAGE}s?\b",
    rf"\bwhat (?:is|does) (?:the|this) {_PAGE} (?:about|say|describe|explain)",
    r"\b(?:the|this) author\b",
    rf"\bdies(?:e[mnrs]?)?\s+{_SEITE}\b",
    rf"\b(?:vorliegende|angegebene|bereitgestellte|gegebene|oben stehende)\w* (?:\w+ )?{_SEITE}",
    rf"\b(?:obige\w*|folgende\w*|genannte\w*) {_SEITE}\b",
    rf"\b(?:laut|gemäß|zufolge) (?:dem |der |des )?{_SEITE}\b",
    r"\b(?:im|in der|in dem) (?:obigen )?(?:artikel|beitrag) (?:beschrieben|erwähnt|genannt|erklärt)",
    rf"\bfasse? (?:den|das|die) {_SEITE} zusammen",
    r"\b(?:le|la|l['’]) ?(?:article|page|texte|document|tutoriel) (?:ci-dessus|suivante?|fournie?|donnée?)\b",
    r"\b(?:el|la) (?:artículo|página|texto|documento|tutorial) (?:anterior|siguiente|proporcionad[oa]|dad[oa])\b",
    r"\b(?:cet article|cette page|ce texte|ce document|ce tutoriel|l['’]article ci-dessus)\b",
    r"\b(?:selon|d['’]après|dans) (?:le |la |l['’])(?:texte|article|page|document|auteur)\b",
    r"\b(?:este artículo|esta página|este texto|este documento|este tutorial)\b",
    r"\bsegún (?:el|la) (?:artículo|texto|página|documento|autora?)\b",
    r"这篇(?:文章|教程)|本文|本页|上文|该(?:文章|文档|教程)|この(?:記事|ページ|文書)",
)

THE_PAGE = re.compile(
    r"\bthe (article|blog ?post|post(?! office)|passage|tutorial|transcript|web ?page|web ?site|guide"
    r"|author|summary)\b",
    re.IGNORECASE,
)
"""A written work, mentioned as if the reader had it; allowed if the title has the word."""

_SHOWN_THINGS = r"(?:information|instructions?|steps?|directions?|description|pictures?|images?|photos?)"
THIS_THING = re.compile(
    r"\b(?:this|these) (?:\w+ )?(?:recipe|lesson|worksheet|handbook|manual|exercise|quiz|project|example|book)s?\b"
    r"|\bdies(?:e[mnrs]?)? (?:rezept|lektion|übung|projekt|beispiel|buch)\w*\b"
    rf"|\bthe {_SHOWN_THINGS} (?:above|below|provided)\b|\bthe (?:given|above|provided) {_SHOWN_THINGS}\b",
    re.IGNORECASE,
)
"""Something in front of the reader, which nobody can identify unless it is given."""

_TIMES = r"kind|sort|way|time|morning|afternoon|evening|week|month|year|spring|summer|autumn|fall|winter|season"
THIS_SUBJECT = re.compile(
    r"\b(?:how|what|why|when|where|which|of|in|about|from|with|use|using|make|making|do) (?:(?:does|do|is|are|to) )?"
    rf"(?:use |make |do )?(?:this|these) (?!{_TIMES}|house|home)[a-z-]{{3,}}",
    re.IGNORECASE,
)
"""The subject itself, pointed at and not named: "how this sensor works"."""
