"""A panel that puts an id into our address and takes back a code, or its rater: SONA, CloudResearch, a lab's own pool.

Pure functions on addresses; nothing is asked of the panel, which pays its raters itself. An id in an address can be
typed by anybody, so it says who a rater claims to be and never what they may see of others.
"""

import re
from collections.abc import Collection, Sequence
from urllib.parse import quote, unquote, urlsplit

from backend.domain.channels import Panel
from backend.errors import Invalid

__all__ = ["Panel", "allowed", "rater_id", "way_back"]

LONGEST_ID = 128
# What panels and survey tools write where an id would come, seen when a link is tried out or was set up wrongly.
UNFILLED = re.compile(r"^(\{+.*\}+|\[+.*\]+|<.*>|%.*%|\$\{.*\}|#.*#)$")
HOLES = re.compile(r"\{(\w+)\}")


def rater_id(query: Sequence[tuple[str, str]], panel: Panel) -> str:
    """The id that the panel gave, from the pairs of an address. Raises Invalid, in words for the rater."""
    given = [value.strip() for name, value in query if name == panel.parameter]
    if len(set(given)) > 1:
        raise Invalid("This address names two raters. Please open the link in your panel again.")
    if not given or not given[0] or UNFILLED.match(given[0]):
        raise Invalid(
            f"This address lacks your id ({panel.parameter}), so you could not be paid. "
            "Please open the link in your panel again."
        )
    if len(given[0]) > LONGEST_ID or not given[0].isprintable():
        raise Invalid("This address holds an id that no panel gives. Please open the link in your panel again.")
    return given[0]


def way_back(panel: Panel, *, rater: str, code: str | None) -> str | None:
    """Where to send a rater who is done, or None where there is nothing but the code to show.

    Raises Invalid, in words for the researcher, for a template that leads anywhere but to a host of the list.
    """
    if panel.back is None:
        return None
    if HOLES.search(urlsplit(panel.back).netloc):
        raise Invalid("The panel's address may have {id} and {code} in its path and query only, not in its host.")
    values = {"id": rater, "code": code or ""}
    if unknown := set(HOLES.findall(panel.back)) - set(values):
        raise Invalid(f"The panel's address can have {{id}} and {{code}}, and not {{{min(unknown)}}}.")
    return allowed(HOLES.sub(lambda hole: quote(values[hole[1]], safe=""), panel.back), panel.hosts)


def allowed(address: str, hosts: Collection[str]) -> str:
    """The address itself if a browser that follows it comes to one of these hosts over https; else raises Invalid.

    Browsers read backslashes as slashes and drop tabs and line breaks, so an address with any of these is refused
    rather than understood.
    """
    senseless = "\\" in address or any(not sign.isprintable() or sign.isspace() for sign in address)
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        port = parts.port
    except ValueError:
        raise Invalid("The address to send raters back to is no address.") from None
    named = host if port in {None, 443} else f"{host}:{port}"
    if senseless or parts.scheme != "https" or "@" in unquote(parts.netloc) or named not in hosts:
        raise Invalid(f"Raters can be sent back only over https to: {', '.join(sorted(hosts)) or 'nowhere yet'}.")
    return address
