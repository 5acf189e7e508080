"""The one place that reads the environment. Settings are read once and passed down."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting of the platform; each can be given as ASSAY_<NAME> in the environment."""

    model_config = SettingsConfigDict(env_prefix="ASSAY_")

    data_dir: Path = Field(default=Path("assay-data"), description="folder of the embedded database and the secret key")
    database_url: str = Field(
        default="", pattern="^(postgres|sqlite|$)", description="PostgreSQL address; empty means SQLite in data_dir"
    )
    secret_key: str = Field(default="", description="signs links and sessions; empty means a key kept in data_dir")
    admin_password: str = Field(default="", description="opens the researcher's pages; empty: only the link does")
    public_url: str = Field(default="", description="address at which raters reach this server")
    contact: str = Field(default="the person who sent you this link", description="whom raters can write to")
    mturk_submit_hosts: str = Field(
        default="", description="where HITs are submitted besides Mechanical Turk itself: https://host, between commas"
    )
    prolific_webhook_secret: str = Field(default="", description="signs Prolific's notifications; empty: none is taken")
    max_upload_mb: int = Field(default=1024, ge=1, description="largest upload of one study, in MiB")

    @property
    def url(self) -> str:
        """The database's address, with the psycopg driver named where PostgreSQL is meant."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'assay.db'}"
        return self.database_url.replace("postgres://", "postgresql://").replace(
            "postgresql://", "postgresql+psycopg://"
        )
