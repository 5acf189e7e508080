"""How an output looks: a few counts of its text as raters see it, made once at the launch, when that text is final."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class OutputStyle(Base):
    """The counts of backend.domain.features. A narrow table of its own, so that results read no text."""

    __tablename__ = "output_styles"

    output_id: Mapped[int] = mapped_column(ForeignKey("outputs.id"), primary_key=True, autoincrement=False)
    words: Mapped[int]
    characters: Mapped[int]
    lines: Mapped[int]
    list_lines: Mapped[int]
    bold: Mapped[int]
    headers: Mapped[int]
    code_blocks: Mapped[int]
