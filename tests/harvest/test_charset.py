from __future__ import annotations

import zlib

import pytest

from leafinstruct.harvest.charset import decode, decode_text, with_whole_characters
from leafinstruct.harvest.formats.markdown import parse_markdown
from leafinstruct.harvest.html.page import parse_html

GERMAN = "Das Öl in die Schüssel geben, dann für zwei Minuten rühren und größere Stücke zerkleinern. "
RUSSIAN = "Смешайте муку с водой в большой миске и оставьте тесто на двадцать минут. "
JAPANESE = "①小麦粉と水を入れてよく混ぜます。②二十分間休ませてから、もう一度こねてください。"
TEXTS = {
    "cp1252": GERMAN,
    "cp1251": RUSSIAN,
    "koi8-r": RUSSIAN,
    "iso-8859-5": RUSSIAN,
    "cp866": RUSSIAN,
    "cp932": JAPANESE,
    "euc_jp": JAPANESE.translate({ord("①"): None, ord("②"): None}),
    "iso2022_jp": JAPANESE.translate({ord("①"): None, ord("②"): None}),
    "gb18030": "把面粉和水放进大碗里搅拌均匀，然后盖上盖子静置二十分钟。",
    "big5": "把麵粉和水放進大碗裡攪拌均勻，然後蓋上蓋子靜置二十分鐘。",
    "euc_kr": "큰 그릇에 밀가루와 물을 섞고 이십 분 동안 반죽을 쉬게 한 뒤 다시 치대세요.",
    "cp1250": "Wymieszaj mąkę z wodą w dużej misce i odstaw ciasto, żeby odpoczęło; później zagnieć je jeszcze raz.",
    "iso-8859-2": "Smíchejte mouku s vodou ve velké míse a nechte těsto dvacet minut odpočinout, potom je prohněťte.",
    "cp1253": "Ανακατέψτε το αλεύρι με το νερό σε ένα μεγάλο μπολ και αφήστε τη ζύμη για είκοσι λεπτά.",
    "cp1254": "Unu büyük bir kasede suyla karıştırın ve hamuru yirmi dakika dinlendirin, sonra tekrar yoğurun.",
    "cp1255": "ערבבו את הקמח עם המים בקערה גדולה והניחו לבצק לנוח במשך עשרים דקות.",
    "cp1256": "اخلط الدقيق مع الماء في وعاء كبير واترك العجين يرتاح لمدة عشرين دقيقة.",
    "cp874": "ผสมแป้งกับน้ำในชามใบใหญ่แล้วพักแป้งไว้ยี่สิบนาทีก่อนนวดอีกครั้ง",
}


def page(text: str, head: str = "") -> str:
    return f"<html><head>{head}<title>x</title></head><body>\n" + f"<p>{text}</p>\n" * 6 + "</body></html>"


@pytest.mark.parametrize("codec", TEXTS)
@pytest.mark.parametrize("label", [None, "utf-8", "none"])
def test_text_without_a_true_label_is_read_by_what_it_is_likely_in(codec: str, label: str | None) -> None:
    data = page(TEXTS[codec]).encode(codec)
    assert decode(data, label) == page(TEXTS[codec])
    assert decode_text(f"# {TEXTS[codec]}\n".encode(codec)) == f"# {TEXTS[codec]}\n"


@pytest.mark.parametrize("codec", [codec for codec in TEXTS if codec not in ("cp1250", "iso-8859-2", "cp1254")])
def test_the_label_that_servers_add_to_everything_counts_for_western_text_only(codec: str) -> None:
    assert decode(page(TEXTS[codec]).encode(codec), "iso-8859-1") == page(TEXTS[codec])
    meta = f"<meta charset={codec}>"
    assert decode(page(TEXTS[codec], meta).encode(codec), "ISO-8859-1") == page(TEXTS[codec], meta)


@pytest.mark.parametrize("label", ["iso-8859-1", "windows-1251", "koi8-r", "shift_jis", "gbk", "big5", "utf-16", "hex"])
@pytest.mark.parametrize("text", [GERMAN, RUSSIAN, JAPANESE, "Only ASCII."])
def test_valid_utf8_wins_over_any_label(label: str, text: str) -> None:
    head = f'<meta http-equiv="content-type" content="text/html; charset={label}">'
    assert decode(page(text, head).encode(), label) == page(text, head)


def test_a_few_characters_that_are_utf8_by_chance_follow_a_label_of_several_bytes() -> None:
    data = "<p>联通</p>".encode("gbk").replace("联".encode("gbk"), "虏".encode("gbk"))
    assert data.decode() and decode(data, "gb2312") == data.decode("gbk")
    assert decode(data) == data.decode()


def test_declarations_in_a_page() -> None:
    text = page("Größe " * 20).encode("cp1252")
    greek = page(TEXTS["cp1253"][:9])
    assert decode(text.replace(b"<head>", b'<head><meta content="text/html; charset=iso-8859&#8211;1">')) is not None
    for declared in (
        b"<?xml version='1.0' encoding='iso-8859-7'?>",
        b"<!-- <meta charset=koi8-r> --><meta charset=iso-8859-7>",
        b"<script>" + b"x" * 9000 + b"</script><meta charset='iso-8859-7'>",
    ):
        assert decode(declared + greek.encode("iso-8859-7")) == declared.decode() + greek


def test_euc_jp_has_the_signs_that_browsers_read_in_it() -> None:
    circled = bytes((0xAD, 0xA1)) + "小麦粉".encode("euc_jp") + bytes((0xFC, 0xE2))
    assert decode(b"<p>" + circled + b"</p>", "euc-jp") == "<p>①小麦粉髙</p>"


def test_utf8_with_few_other_bytes_stays_utf8() -> None:
    assert decode(page(GERMAN + "don\0t").encode().replace(b"\0", b"\x92")) == page(GERMAN + "don’t")
    assert decode(page(GERMAN).encode()[:-20] + b"\xc3") == page(GERMAN)[:-20] + "\ufffd"
    assert decode(page(JAPANESE + "\0").encode().replace(b"\0", b"\xe3\x81")) == page(JAPANESE + "\ufffd")
    assert decode("ab\u2014\ufffd".encode()) == "ab\u2014\ufffd"


def test_surrogate_pairs_in_bytes_and_in_references() -> None:
    halves = "Größe \ud83d\ude00!".encode("utf-8", "surrogatepass")
    assert decode(halves) == decode_text(halves) == "Größe \U0001f600!"
    assert (
        with_whole_characters("&#55357;&#56832; &#xD83D;&#xde00; &#55357; &amp;")
        == "\U0001f600 \U0001f600 &#55357; &amp;"
    )
    assert parse_html("<p>Smile &#55357;&#56832;</p>", "").blocks[0].text == "Smile \U0001f600"
    assert parse_markdown("Smile &#55357;&#56832;").blocks[0].text == "Smile \U0001f600"


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [GERMAN, RUSSIAN, JAPANESE])
def test_utf16_without_a_byte_order_mark(codec: str, text: str) -> None:
    assert decode(page(text).encode(codec), "utf-8") == page(text)


@pytest.mark.parametrize(
    "data", [bytes(range(256)) * 20, b"\x89PNG\r\n\x1a\n" + bytes(300), zlib.compress(GERMAN.encode() * 9)]
)
def test_what_is_no_text_is_none(data: bytes) -> None:
    assert decode(data, "utf-8") is None and decode_text(data) is None


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1251", "Смешайте муку с водой."),
        ("koi8-u", "Змішайте борошно з водою у великій мисці."),
        ("cp1251", "Отворите датотеку и притисните дугме да је сачувате."),
        ("cp1252", "Öppna filen och klicka på Spara."),
        ("cp1252", "Añade la sal y la pimienta según tu gusto"),
        ("cp1252", "Größe wählen"),
        ("iso-8859-2", "Krok 1: zmieszaj mąkę z wodą"),
        ("cp1254", "Dosyayı açın ve Kaydet düğmesine tıklayın."),
        ("cp1255", "פתחו את הקובץ ולחצו על הכפתור שמור."),
        ("cp874", "เปิดไฟล์แล้วกดปุ่มบันทึก"),
        ("euc-jp", "手順1 電源を入れる"),
        ("cp949", "1단계: 전원을 켭니다"),
    ],
)
def test_a_sentence_is_enough(codec: str, text: str) -> None:
    assert decode(f"<p>{text}</p>".encode(codec)) == f"<p>{text}</p>"


@pytest.mark.parametrize("text", [GERMAN, RUSSIAN, JAPANESE, "He said “stop”, and “go” – at once."])
def test_text_that_was_encoded_twice(text: str) -> None:
    twice = "".join(
        bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
        for byte in page(text).encode()
    )
    assert decode(twice.encode()) == page(text)
    assert decode(twice.encode(), "iso-8859-1") == page(text)


@pytest.mark.parametrize(
    "text",
    ["UTF-8 as Latin-1 shows Ã¶ for ö.", "CAFÉ® IRMÃ SOCIÉTÉ» «ÉTÉ» É» É» Â", "Größe, Öl und süße Äpfel: Ã¶ Ã¤ Ã¼"],
)
def test_a_page_may_quote_what_was_encoded_twice(text: str) -> None:
    assert decode(page(text).encode()) == page(text)


def test_signs_inside_words_are_no_western_text() -> None:
    text = "Otwórz ustawienia i naciśnij przycisk, żeby wyłączyć dźwięk i włączyć światło. " * 4
    assert decode(page(text).encode("cp1250"), "iso-8859-1") == page(text)
    assert "m³h" in (decode(page("Set 5 m³h and go, café. " * 4).encode("cp1252"), "iso-8859-1") or "")
