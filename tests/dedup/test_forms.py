"""Copies and filled-in forms of the kinds that newsrooms print, in several languages.  All texts are made up here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.dedup.explain import Explanation, explain
from pipeline.model import Article

NOON = datetime(2031, 5, 6, 12, tzinfo=UTC)

REPORTS = {
    "German": (
        "Der Stadtrat von Nordheim hat am Dienstag beschlossen, die alte Fährbrücke für 7 Monate zu sperren. "
        "Der Bau aus dem Jahr 1894 gilt als baufällig, seit Taucher im Herbst Schäden an 31 Pfählen fanden.\n"
        "„Wir haben keine Wahl“, sagte Bürgermeisterin Maren Toll nach der Sitzung. Die Arbeiten kosten 4,2 "
        "Millionen Euro, von denen das Land 60 Prozent trägt.\nHändler am Ufer fürchten um ihr Sommergeschäft."
    ),
    "Spanish": (
        "El ayuntamiento de Vilanorte decidió el martes cerrar el viejo muelle durante 7 meses para repararlo. "
        "La estructura, construida en 1894, está en peligro desde que unos buzos hallaron daños en 31 pilares.\n"
        "«No tenemos otra opción», dijo la alcaldesa Marena Toll tras la sesión. Las obras costarán 4,2 millones "
        "de euros, de los que la provincia pagará el 60 por ciento.\nLos comerciantes temen por su temporada."
    ),
    "French": (
        "Le conseil municipal de Nordville a décidé mardi de fermer le vieux ponton pendant 7 mois de travaux. "
        "L'ouvrage, construit en 1894, menace ruine depuis que des plongeurs ont trouvé des dégâts sur 31 piliers.\n"
        "« Nous n'avons pas le choix », a dit la maire Marène Toll après la séance. Les travaux coûteront 4,2 "
        "millions d'euros, dont la province paiera 60 pour cent.\nLes commerçants craignent pour leur saison."
    ),
    "Chinese": (
        "北港市议会星期二决定关闭旧渡轮码头7个月进行维修。这座建于1894年的码头自去年秋天潜水员在31根木桩上发现损坏以来"
        "一直被认为不安全。\n市长陶玛仁在会后表示:“我们别无选择。”工程将耗资420万元,其中百分之60由省政府承担。\n"
        "码头沿岸的商家担心夏季生意受到影响。"
    ),
}

FORMS = {
    "match": (
        "{0} beat {1} {2} to {3} on Saturday before {4} spectators. The visitors led at half-time, but {5} scored in "
        "minute {6} and again in minute {7}. {0} is now on place {8} of the league, {1} on place {9}.",
        ("Ellerby", "Northwick", 3, 1, 4120, "Lund", 57, 81, 4, 11),
        ("Tarmouth", "Vell", 2, 0, 2875, "Okafor", 62, 74, 6, 15),
    ),
    "weather": (
        "Clouds will give way to sun over {0} by noon, with highs of {1} degrees on the coast and {2} inland. The wind "
        "blows at {3} kilometres an hour. Tonight it cools down to {4} degrees, with {5} per cent chance of rain.",
        ("Ellerby", 21, 24, 15, 11, 20),
        ("the Ostrava Hills", 14, 17, 38, 6, 70),
    ),
    "shares": (
        "Shares of {0} rose {1} per cent to {2} crowns in early trade on Monday. The company reported a profit of {3} "
        "million crowns for the quarter, up from {4} million a year before, on sales of {5} million crowns.",
        ("Aldous Shipping", 3.1, 48.2, 112, 97, 1830),
        ("Brill Canneries", 7.4, 12.9, 23, 18, 405),
    ),
    "police log": (
        "Officers were called to {0} at {1} on a report of a break-in. Entry was gained through a window, and goods "
        "worth {2} crowns were taken. Anyone with information is asked to ring {3} and quote case {4}.",
        ("Quay Street", "9.40", 850, 5550134, 3017),
        ("Orchard Lane", "11.15", 2300, 5550171, 3126),
    ),
    "obituary": (
        "{0} of {1}, aged {2}, died on {3} surrounded by family. Born in {4} in {5}, the deceased worked for "
        "{6} years at {7} and is survived by {8} children. Services will be held on {9} at ten.",
        ("Maren Tolliver", "Northwick", 84, "Monday", "Vell", 1946, 31, "the Aldous yard", 3, "Friday"),
        ("Jon Kell", "Tarmouth", 77, "Thursday", "Ellerby", 1953, 22, "Brill Canneries", 5, "Tuesday"),
    ),
}  # fmt: skip


def compared(one: str, other: str, *, title: str = "Notes of the day", hours: float = 3.0) -> Explanation:
    first = Article("https://echo.example/1", title, one, "Northwick Echo", NOON)
    second = Article("https://post.example/2", title, other, "Harbour Post", NOON + timedelta(hours=hours))
    return explain(first, second)


@pytest.mark.parametrize("language", REPORTS)
def test_copies_are_found_in_every_language(language: str) -> None:
    text = REPORTS[language]
    shorter = text.rsplit("\n", 1)[0]
    assert compared(text, shorter).same
    assert compared(text, text.replace("31", "33")).same
    assert compared(text, shorter + "\n" + text.split("\n")[0]).same


@pytest.mark.parametrize("language", REPORTS)
def test_reports_of_other_languages_are_apart(language: str) -> None:
    others = [text for name, text in REPORTS.items() if name != language]
    assert not any(compared(REPORTS[language], other).same for other in others)


@pytest.mark.parametrize("hours", [3.0, 24.0 * 7])
@pytest.mark.parametrize("kind", FORMS)
def test_a_form_filled_in_anew_is_no_copy(kind: str, hours: float) -> None:
    form, first, second = FORMS[kind]
    assert not compared(form.format(*first), form.format(*second), hours=hours).same


@pytest.mark.parametrize("kind", FORMS)
def test_a_form_filled_in_once_is_one_report(kind: str) -> None:
    form, first, _ = FORMS[kind]
    text = form.format(*first)
    assert compared(text, text.replace("on ", "on last ", 1) + " More follows.").same


def test_a_live_report_that_grows_stays_one() -> None:
    text = REPORTS["French"]
    grown = "11:40 Les premiers bacs ont quitté le quai nord avec 200 passagers, selon la capitainerie.\n" + text
    assert compared(text, grown, title="Le ponton ferme, suivez notre direct", hours=2.0).same


@pytest.mark.parametrize("wrap", ["<p>{}</p>", "<div class='body'>{}</div>", "&nbsp;{}&nbsp;", "{} Read more »"])
def test_leftovers_of_markup_do_not_hide_a_copy(wrap: str) -> None:
    text = REPORTS["Spanish"]
    assert compared(text, "\n".join(wrap.format(line) for line in text.split("\n"))).same


def test_missing_facts_do_not_hide_a_copy() -> None:
    text = REPORTS["German"]
    bare = Article("https://echo.example/1", "", text)
    assert explain(bare, Article("https://post.example/2", "", text + "\nFortsetzung folgt.")).same
    assert not explain(bare, Article("https://post.example/2", "", REPORTS["French"])).same
