"""The one place that reads the environment. Settings are read once and passed down."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting of the platform; each can be given as ASSAY_<NAME> in the environment."""

    # a setting that can't be read is named without what it holds, which may be a key
    model_config = SettingsConfigDict(env_prefix="ASSAY_", env_ignore_empty=True, hide_input_in_errors=True)

    data_dir: Path = Field(default=Path("assay-data"), description="folder of the embedded database and the secret key")
    database_url: str = Field(
        default="", pattern="^(postgres|sqlite|$)", description="PostgreSQL address; empty means SQLite in data_dir"
    )
    secret_key: str = Field(default="", description="signs links and sessions; empty means a key kept in data_dir")
    admin_password: str = Field(default="", description="opens the researcher's pages; empty: only the link does")
    public_url: str = Field(default="", description="address at which raters reach this server")
    contact: str = Field(default="the person who sent you this link", description="whom raters can write to")
    broker_url: str = Field(
        default="",
        repr=False,
        pattern=r"^(rediss?://.+|redis\+socket:///.+)?$",
        description="Redis that rings for `assay worker` elsewhere: redis://host/0; empty: `assay serve` does the jobs",
    )
    mturk_access_key: str = Field(default="", description="access key of the Mechanical Turk account")
    mturk_secret_key: str = Field(default="", repr=False, description="its secret")
    mturk_endpoint_url: str = Field(default="", description="where MTurk's protocol is spoken; empty: at Amazon")
    mturk_queue: str = Field(
        default="",
        pattern=r"^(https?://[^/]+/.+)?$",
        description="address of an SQS queue of that account for its notifications; empty: lists are read, and no more",
    )
    mturk_sandbox: bool = Field(default=False, description="whether the Mechanical Turk account is a sandbox's")
    prolific_token: str = Field(default="", repr=False, description="API token of the Prolific account")
    prolific_project: str = Field(default="", description="id of the project at Prolific that studies are made in")
    prolific_url: str = Field(default="", description="where Prolific's API is; empty: at Prolific")
    prolific_webhook_secret: str = Field(default="", repr=False, description="signs Prolific's notifications")
    vllm_python: str = Field(
        default="",
        description="the Python of vLLM's own environment; empty: .venv-vllm/bin/python here or beside the project",
    )
    train_python: str = Field(
        default="", description="the Python that training runs in; empty: this one, if it has torch and DeepSpeed"
    )
    engine_keys: dict[str, SecretStr] = Field(
        default_factory=dict, repr=False, description='keys of engines by address, as JSON: {"https://host/v1": "key"}'
    )
    engine_timeout: float = Field(default=600, gt=0, description="seconds that an engine may take for one answer")
    max_upload_mb: int = Field(default=1024, ge=1, description="largest upload of one study, in MiB")
    mturk_submit_hosts: str = Field(
        default="", description="where HITs are handed in besides Mechanical Turk itself: https://host, between commas"
    )

    @property
    def url(self) -> str:
        """The database's address, with the psycopg driver named where PostgreSQL is meant."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'assay.db'}"
        return self.database_url.replace("postgres://", "postgresql://").replace(
            "postgresql://", "postgresql+psycopg://"
        )
