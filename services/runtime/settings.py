"""Settings every service knows, read from the environment (design section 9)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("segmenter", "scheduler", "messenger", "negotiator")


class Settings(BaseSettings):
    """One field a variable; the variable's name is the field's in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    kafka_bootstrap_servers: str | None = Field(
        None, description="Brokers, host:port separated by commas; unset: an embedded one."
    )
    kafka_security_protocol: str = "PLAINTEXT"
    kafka_sasl_mechanism: str | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: str | None = None
    kafka_ssl_cafile: str | None = None
    kafka_ssl_certfile: str | None = None
    kafka_ssl_keyfile: str | None = None
    kafka_ssl_password: str | None = None
    kafka_session_timeout: int = Field(
        6, description="Real seconds after which a silent worker's partitions go to another."
    )
    database_url: str | None = Field(
        None, description="PostgreSQL, one role and schema a service; unset: an embedded one."
    )
    segmenter_database_url: str | None = None
    scheduler_database_url: str | None = None
    messenger_database_url: str | None = None
    negotiator_database_url: str | None = None
    smtp_url: str | None = Field(
        None, description="smtp://[user:password@]host:port; unset: an embedded catcher."
    )
    public_url: str | None = Field(
        None, description="Base of every link a customer sees; unset: the serving port."
    )
    clock: str | None = Field(None, description="START*SPEED@REAL; unset: real time.")
    playbooks_dir: Path = ROOT / "deploy" / "playbooks"
    policies_dir: Path = ROOT / "deploy" / "policies"
    tenants_dir: Path = ROOT / "deploy" / "tenants"
    secret_key: str | None = Field(
        None, description="Signs links and sessions and keys hashes; keep it, keep it secret."
    )
    api_tokens: str | None = Field(
        None, description="name=token:scope+scope,... with scopes publish, read, operate, desk."
    )
    port_base: int = 8100
    host: str = Field("127.0.0.1", description="Address the services listen on.")
    log_level: str = "INFO"
    inbox_days: int = Field(
        45, description="Days an event's identity is kept; older replays are refused."
    )
    waiting_hours: float = Field(
        24,
        gt=0,
        description="Real hours that a message may wait for another topic; then it goes to"
        " dead.letters.",
    )
    waiting_per_key: int = Field(
        1000,
        ge=1,
        description="Messages of one customer that may wait for another topic; further ones go to"
        " dead.letters.",
    )
    batch_events: int = Field(2000, description="Events one poll takes at the most.")

    def port(self, service: str) -> int:
        """The HTTP port of a service: PORT_BASE plus 1 to 4."""
        return self.port_base + 1 + SERVICES.index(service)

    def service_url(self, service: str) -> str:
        """The base of links that `service` serves, as a customer sees it."""
        return (self.public_url or f"http://127.0.0.1:{self.port(service)}").rstrip("/")
