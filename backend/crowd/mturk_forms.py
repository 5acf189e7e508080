"""What Mechanical Turk wants to be told, and says, in its own forms: XML, qualification ids, money. Makes no call."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from backend.crowd.protocol import Posting, Qualifications, Refused
from backend.domain.money import Money, money

if TYPE_CHECKING:  # stubs: there is nothing to import when it runs
    from types_boto3_mturk.literals import ComparatorType
    from types_boto3_mturk.type_defs import QualificationRequirementTypeDef

QUESTION = "http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2006-07-14/ExternalQuestion.xsd"
ANSWERS = "{http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2005-10-01/QuestionFormAnswers.xsd}"
CURRENCY = "USD"

PERCENT_APPROVED = "000000000000000000L0"
NUMBER_APPROVED = "00000000000000000040"
LOCALE = "00000000000000000071"
MASTERS = "2F1QJWKUDD8XADTFD2Q0G6UTO95ALH"
MASTERS_OF_SANDBOX = "2ARFPLSP75KLA8M8DH1HTEQVJT3SY6"
# Who lacks a qualification sees the posting and which one it is, but can't open our page.
GUARDED: Final = "PreviewAndAccept"
MOST_QUALIFICATIONS = 10
MOST_COUNTRIES = 15

RECEIPT = "receipt"
REFERENCE = re.compile(r" \[reference: (.{1,64})\]$")
IDS = re.compile(r"\b(?=[A-Z]*[0-9])[A-Z0-9]{20,64}\b")
OPEN_FOR = re.compile(r"open for (\d+) s")


def amount(value: Money) -> str:
    """“0.25”, as MTurk writes dollars. Raises Refused for any other currency."""
    if value.currency != CURRENCY:
        raise Refused(f"Mechanical Turk pays in US dollars only, and this is {value}.")
    if value.minor < 1:
        raise Refused(f"Mechanical Turk pays one cent at least, and this is {value}.")
    return f"{Decimal(value.minor).scaleb(-2):.2f}"


def read_amount(text: str) -> Money:
    """MTurk's dollars as an amount."""
    return money(text, CURRENCY)


def question(url: str) -> str:
    """Our page as an ExternalQuestion; its height adapts to the rater's window."""
    return (
        f'<ExternalQuestion xmlns="{QUESTION}"><ExternalURL>{escape(url)}</ExternalURL>'
        "<FrameHeight>0</FrameHeight></ExternalQuestion>"
    )


def requirements(wanted: Qualifications, *, masters: str) -> list["QualificationRequirementTypeDef"]:
    """Whom to show a posting to. masters: the Masters id, which is another in the sandbox. Raises Refused."""
    asked: list[QualificationRequirementTypeDef] = []
    if wanted.min_approval is not None:
        asked.append(at_least(PERCENT_APPROVED, wanted.min_approval))
    if wanted.min_approved is not None:
        asked.append(at_least(NUMBER_APPROVED, wanted.min_approved))
    if wanted.countries:
        asked.append(from_countries(wanted.countries))
    if wanted.masters:
        asked.append(has(masters, "Exists"))
    asked += [has(group, "Exists") for group in wanted.include]
    asked += [has(group, "DoesNotExist") for group in wanted.exclude]
    if len(asked) > MOST_QUALIFICATIONS:
        raise Refused(
            f"Mechanical Turk takes {MOST_QUALIFICATIONS} qualifications at most, and these are {len(asked)}."
        )
    return asked


def at_least(type_id: str, least: int) -> "QualificationRequirementTypeDef":
    return {
        "QualificationTypeId": type_id,
        "Comparator": "GreaterThanOrEqualTo",
        "IntegerValues": [least],
        "ActionsGuarded": GUARDED,
    }


def from_countries(countries: tuple[str, ...]) -> "QualificationRequirementTypeDef":
    if len(countries) > MOST_COUNTRIES:
        raise Refused(f"Mechanical Turk takes {MOST_COUNTRIES} countries at most, and these are {len(countries)}.")
    return {
        "QualificationTypeId": LOCALE,
        "Comparator": "In",
        "LocaleValues": [{"Country": country} for country in countries],
        "ActionsGuarded": GUARDED,
    }


def has(type_id: str, comparator: "ComparatorType") -> "QualificationRequirementTypeDef":
    return {"QualificationTypeId": type_id, "Comparator": comparator, "ActionsGuarded": GUARDED}


def receipt(answer: str) -> str | None:
    """The receipt that our page's last form carried, out of a QuestionFormAnswers document; None without one."""
    try:
        root = ElementTree.fromstring(answer)
    except ElementTree.ParseError:
        return None
    for one in root.iter(f"{ANSWERS}Answer"):
        if one.findtext(f"{ANSWERS}QuestionIdentifier") == RECEIPT:
            return one.findtext(f"{ANSWERS}FreeText") or None
    return None


def annotation(posting: Posting) -> str:
    """A note that only we see: how long to offer it again after a pause."""
    return f"{posting.token}, open for {seconds(posting.open_for)} s"


def open_for(note: str) -> timedelta:
    """How long a posting is offered, from our note. Raises Refused where the note is not ours."""
    found = OPEN_FOR.search(note)
    if found is None:
        raise Refused("This posting was not made here, so how long to offer it again is unknown.")
    return timedelta(seconds=int(found[1]))


def seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())


def with_reference(reason: str, token: str) -> str:
    """A bonus's reason with our token, as a bank transfer has a reference: it says later that this was paid."""
    return f"{reason} [reference: {token}]"


def reference(reason: str) -> str | None:
    found = REFERENCE.search(reason)
    return found[1] if found else None


def ids_in(message: str) -> list[str]:
    """What looks like ids of MTurk's in an error's message."""
    return IDS.findall(message)


def ignored(wanted: Qualifications) -> tuple[str, ...]:
    """The wishes that MTurk can't fulfil, in sentences."""
    if not wanted.languages:
        return ()
    return (f"Mechanical Turk does not know who speaks {', '.join(wanted.languages)}.",)
