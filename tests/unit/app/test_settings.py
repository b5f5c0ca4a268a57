"""Settings: a typo is never silent, what is wrong is named, and no secret is ever shown."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehold.app.address_redaction import BLANK, without_secrets
from safehold.app.settings import Settings, load_settings
from safehold.app.settings_check import check
from safehold.app.settings_errors import misspelt
from safehold.model.errors import BadSettings
from safehold.storage.database import place_of

SECRET = "".join(("ge", "heim-4127"))
SECRETS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=12
).map(lambda text: SECRET + text + SECRET)
URLS = (
    "postgresql+psycopg://user:{}@host/name",
    "postgresql+psycopg://user@host/name?password={}",
    "postgresql+psycopg://user@host/name?sslmode=require&sslpassword={}&x=1",
    "postgresql+psycopg:/user:{}@host",
    "host=h password={}",
    "s3://key:{}@bucket/folder",
    "https://{}@example.org/hooks",
    "https://example.org/hooks?token={}",
    "https://example.org/hooks#{}",
)


@pytest.fixture(autouse=True)
def _no_settings_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SAFEHOLD_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def from_text(text: str) -> Settings:
    Path("safehold.toml").write_text(text)
    return load_settings()


def complaint(text: str = "") -> str:
    """Return what is said about settings that cannot be used."""
    with pytest.raises(BadSettings) as raised:
        check(from_text(text))
    return raised.value.what


STAMPS = "[audit.anchors.stamps]\nkind = 'rfc3161'\nurl = 'https://tsa.example.org/tsr'\n"
MAIL = (
    "[audit.anchors.counsel]\nkind = 'mail'\nhost = 'mail.example.org'\nsender = 'audit@example.org'\n"
    "recipients = ['records@counsel.example.com']\n"
)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://h/d",
        "postgresql+psycopg://u:p%40ss:/?word@db.internal:5432/d",
        "postgresql+psycopg://u:p@[fd00::1]:5432/d?sslmode=verify-full",
        "postgresql+psycopg://u@/d?host=/run/postgresql",
    ],
)
def test_addresses_of_databases_are_taken_as_the_driver_takes_them(url: str) -> None:
    settings = Settings.model_validate({"database": {"url": url, "surface_urls": {"api": url}}})
    assert (settings.database.url, settings.database.surface_urls) == (url, {"api": url})


def test_without_a_file_the_defaults_hold() -> None:
    assert load_settings().web.listen == "127.0.0.1:8400"


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEHOLD_WEB__LISTEN", "127.0.0.1:2")

    settings = from_text('[web]\nlisten = "127.0.0.1:1"\nsecure_cookies = true\n')
    assert (settings.web.listen, settings.web.secure_cookies) == ("127.0.0.1:2", True)


def test_a_file_is_found_by_the_variable_and_an_argument_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        Path(name).write_text(f'data_folder = "{name}"\n')
    monkeypatch.setenv("SAFEHOLD_CONFIG", "one")

    assert load_settings().data_folder == Path("one")
    assert load_settings(Path("two")).data_folder == Path("two")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[web]\nlistne = '1'", "web.listne: there is no such setting; web.listen is one."),
        ("data_fodler = 'x'", "data_fodler: there is no such setting; data_folder is one."),
        ("[zzz]\nx = 1", "zzz: there is no such setting."),
        ("[surfaces.s]\nvisibilty = 'public'", "surfaces.s.visibilty: there is no such setting; "),
        (
            "[database.surface_urls]\napy = 'x'",
            "database.surface_urls: apy is none of all, api, console, portal, reader, worker.",
        ),
        (
            "[database]\nurl = 'postgres://u:geheim@h/d'",
            "database.url: begin it with postgresql+psycopg://.",
        ),
        (
            "[database.surface_urls]\napi = 'postgresql://u:geheim@h/d'",
            "database.surface_urls: begin it with postgresql+psycopg://.",
        ),
        (
            "[database]\nurl = 'postgresql+psycopg://u:geheim@h:port/d'",
            "database.url: after the user come a host, a port and a database",
        ),
        (
            f"{STAMPS}roots = ['nowhere']",
            "audit.anchors.stamps.roots: a file is missing or holds no PEM certificates.",
        ),
        (f"{MAIL}username = 'audit'", "audit.anchors.counsel: username and password go together."),
        (f"{MAIL}permitted_networks = ['x']", "audit.anchors.counsel: A permitted network is not written as"),
        ("[surfaces.s.on_incomplete]\nlist_stael = 'hold'", "no scan answers with the code 'list_stael'"),
        ("[surfaces.s.on_incomplete]\n'decoder:cut' = 'hold'", "no scan answers with the code 'decoder:cut'"),
        ("[plugins]\nsignal_types = ['nowhere']", "nowhere is not installed"),
        ("[vault]\nsealing_key = 'nowhere'", "sealing key file cannot be read"),
        ("[web\n", "safehold.toml is not TOML: Expected ']' at the end of a table declaration (at line 1"),
    ],
)
def test_what_cannot_be_used_is_named(text: str, said: str) -> None:
    told = complaint(text)
    assert said in told
    assert "heim" not in told


def test_a_webhook_for_an_event_that_nobody_is_told_of_is_named() -> None:
    secret = "whsec_" + base64.b64encode(bytes(32)).decode()
    said = complaint(
        f"[webhooks.w]\nurl = 'https://example.org'\nsecrets = ['{secret}']\nevents = ['gone']\n"
    )

    assert said.startswith("webhooks.w.events: 'gone' is none that a platform is told of (appeal_decided, ")


def test_codes_that_scans_do_answer_with_are_accepted() -> None:
    codes = ("list_stale", "list_stale:northland", "decoder:truncated", "matcher_down", "low_detail:pdq", "*")
    codes += ("sampled", "sampled:video")

    check(Settings.model_validate({"surfaces": {"s": {"on_incomplete": dict.fromkeys(codes, "retry")}}}))


@pytest.mark.parametrize("name", [".", "nowhere.toml", "latin-1.toml"])
def test_a_file_that_cannot_be_read_is_named(name: str) -> None:
    Path("latin-1.toml").write_bytes(b'data_folder = "\xe4"\n')

    with pytest.raises(BadSettings, match=name):
        load_settings(Path(name))


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("SAFEHOLD_WBE__LISTEN", "SAFEHOLD_WEB__LISTEN"),
        ("SAFEHOLD_WEB_LISTEN", "SAFEHOLD_WEB__LISTEN"),
        ("SAFEHOLD_DATABASE_URL", "SAFEHOLD_DATABASE__URL"),
        ("SAFEHOLD_DATA_FODLER", "SAFEHOLD_DATA_FOLDER"),
    ],
)
def test_a_variable_that_is_spelt_wrongly_is_named(
    variable: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, SECRET)

    said = complaint()
    assert said == f"{variable}: there is no such setting; {meant} is one."


TIPLINE = "[authorities.destinations.a]\nkind = 'ncmec_cybertipline'\nusername = 'u'\npassword = 'p'\n"


@pytest.mark.parametrize(
    "host", ["reports.example.org", "10.1.2.3", "127.0.0.1.example.org", "localhost@a.example"]
)
def test_no_report_goes_to_an_authority_in_the_open(host: str) -> None:
    with pytest.raises(BadSettings, match="answer in their name"):
        from_text(f"{TIPLINE}url = 'http://{host}/'")
    from_text(f"{TIPLINE}url = 'https://{host}/'")
    from_text(f"{TIPLINE}url = 'http://127.0.0.1:8443/'")


@pytest.mark.parametrize(
    "variable", ["SAFEHOLD_CONFIG", "SAFEHOLD_REQUIRE_NATIVE", "SAFEHOLD_SIMD", "OTHER__X"]
)
def test_variables_that_are_no_settings_are_left_alone(variable: str) -> None:
    assert misspelt([variable], Settings) is None


def test_a_table_that_is_no_json_is_named_and_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEHOLD_WEBHOOKS", "{" + SECRET)

    assert complaint() == "SAFEHOLD_WEBHOOKS: not the JSON of a table or a list."


@given(SECRETS)
def test_no_secret_comes_out_of_an_address(secret: str) -> None:
    for url in URLS:
        for written in (secret, quote(secret, safe="")):
            assert SECRET not in str(without_secrets(url.format(written))), url


@given(SECRETS)
def test_no_secret_comes_out_of_all_the_settings(secret: str) -> None:
    settings = Settings.model_validate(
        {
            "database": {
                "url": URLS[0].format(secret),
                "surface_urls": {"api": URLS[1].format(secret), "worker": URLS[0].format(secret)},
            },
            "vault": {"url": URLS[5].format(secret)},
            "webhooks": {"w": {"url": URLS[7].format(secret), "secrets": [secret, "whsec_" + secret]}},
        }
    )

    assert SECRET not in json.dumps(settings.redacted(), ensure_ascii=False)
    assert SECRET not in repr(settings.webhooks["w"].secrets)


@given(SECRETS)
def test_no_secret_comes_out_of_a_complaint(secret: str) -> None:
    values = json.dumps({"w": {"secrets": secret, "enabled": secret, "url": [secret]}}, ensure_ascii=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAFEHOLD_WEBHOOKS", values)
        patch.setenv("SAFEHOLD_LIMITS__UPLOAD_BYTES", secret)
        said = complaint()

    assert SECRET not in said
    assert "webhooks.w.enabled" in said


def test_what_is_no_secret_stays_readable() -> None:
    shown = without_secrets("postgresql+psycopg://user:x@host:5432/name?sslmode=require&password=x")

    assert shown == f"postgresql+psycopg://user@host:5432/name?{BLANK}"
    assert without_secrets("https://example.org/hooks") == "https://example.org/hooks"
    assert without_secrets("postgresql+psycopg://a@b@c/d") == f"postgresql+psycopg://{BLANK}"
    assert without_secrets("s3://bucket/folder") == "s3://bucket/folder"
    assert without_secrets("folder/vault") == "folder/vault"
    assert without_secrets(None) is None


@pytest.mark.parametrize(
    "text",
    [
        "[media]\norigin = 'https://pictures.example.org/'",
        '[media]\norigin = "https://pictures.example.org; script-src *"',
        "[media]\nconsole_origins = ['https://a.example.org', '*']",
        "[media]\nconsole_origins = ['null']",
        "[web]\norigin = 'https://console.example.org/console'",
        "[web]\norigin = 'console.example.org'",
        "[web]\norigin = 'ftp://console.example.org'",
        "[web]\norigin = 'https://Console.example.org'",
        "[web]\norigin = 'https://me@console.example.org'",
        "[web]\norigin = 'https://console.example.org:65536'",
        "[web]\norigin = 'https://console.example.org:443'",
        "[web]\norigin = ''",
        "[web]\nallowed_origins = ['https://a.example.org', 'https://b.example.org/']",
        "[web]\nallowed_origins = ['*']",
    ],
)
def test_what_goes_into_a_header_as_an_origin_is_one_and_no_more(text: str) -> None:
    with pytest.raises(BadSettings, match="origin"):
        from_text(text)


@pytest.mark.parametrize(
    "origin",
    ["https://a.example.org", "http://localhost:8400", "http://127.0.0.1:8044", "http://[::1]:8400"],
)
def test_every_setting_that_names_an_origin_takes_one_as_browsers_write_it(origin: str) -> None:
    web = f"[web]\norigin = '{origin}'\nallowed_origins = ['{origin}']"
    media = f"[media]\norigin = '{origin}'\nconsole_origins = ['{origin}']"
    settings = from_text(f"{web}\n{media}")
    assert {settings.web.origin, settings.media.origin} == {origin}
    assert [*settings.web.allowed_origins, *settings.media.console_origins] == [origin, origin]


def test_a_bad_origin_is_told_with_a_good_one(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"web\.origin: .*such as https://console\.example\.org"):
        from_text("[web]\norigin = 'https://console.example.org/'")


@pytest.mark.parametrize("listen", ["8401", "127.0.0.1", "127.0.0.1:pictures", ":8401", "127.0.0.1:70000"])
@pytest.mark.parametrize("section", ["web", "media"])
def test_an_address_that_nothing_can_listen_on_is_named(section: str, listen: str) -> None:
    assert complaint(f"[{section}]\nlisten = '{listen}'") == f"{section}.listen: {listen!r} is not host:port."


@pytest.mark.parametrize(
    ("pages", "pictures", "fits"),
    [
        ("127.0.0.1:8400", "127.0.0.1:8401", True),
        ("127.0.0.1:8400", "127.0.0.1:8400", False),
        ("0.0.0.0:8400", "127.0.0.1:8400", False),
        ("127.0.0.1:8400", "[::]:8400", False),
        ("127.0.0.1:8400", "127.0.0.2:8400", True),
        ("127.0.0.1:0", "127.0.0.1:0", True),
    ],
)
def test_pictures_have_an_address_of_their_own(pages: str, pictures: str, fits: bool) -> None:
    text = f"[web]\nlisten = '{pages}'\n[media]\nlisten = '{pictures}'"
    if fits:
        check(from_text(text))
    else:
        assert complaint(text).startswith("media.listen: pictures need an address of their own")


def test_pictures_never_share_the_origin_of_the_console() -> None:
    same = "[web]\norigin = 'https://a.example.org'\n[media]\norigin = 'https://a.example.org'"
    assert "media.origin" in complaint(same)
    check(from_text(same.replace("[media]\norigin = 'https://a", "[media]\norigin = 'https://b")))


def test_where_a_database_is_said_to_be_holds_no_user_and_no_password() -> None:
    for address, place in (
        ("mara:geheim@db.internal:5433/records", "db.internal:5433, database records"),
        ("mara:ge@heim@db.internal/records", "db.internal, database records"),
        ("mara@/records?host=/run/postgresql", "/run/postgresql, database records"),
        ("mara:geheim@[fd00::1]/records", "fd00::1, database records"),
    ):
        assert place_of(f"postgresql+psycopg://{address}") == place


def test_a_second_assessment_cannot_be_asked_for_where_one_person_is_all_there_is() -> None:
    wanted = "[review]\nsecond_for = ['category_a']\n"
    assert "nobody to ask for a second assessment" in complaint(wanted)
    assert "second_share_percent" in complaint("[review]\nsecond_share_percent = 101")
    check(from_text(f"{wanted}[team]\nsize_policy = 'small'\n"))
