"""study.yaml -> a frozen StudyConfig; an unknown key names the nearest known one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from oncourse.disease import diseases
from oncourse.errors import ConfigError
from oncourse.genome.builds import build_named
from oncourse.knowledge.approvals import AGENCIES, country_code
from oncourse.study.schema import nearest
from oncourse.words import LANGUAGES

BUILDS = ("GRCh37", "GRCh38")
#: A larger study.yaml is not read.
MAX_BYTES = 1 << 20
COVARIATE_KINDS = ("number", "category", "yes_no")


def _key(default: Any, text: str) -> Any:
    metadata = {"text": text}
    if isinstance(default, (dict, list)):
        return field(default_factory=type(default), metadata=metadata)
    return field(default=default, metadata=metadata)


def frozen(value: Any) -> Any:
    """Return `value` read-only all the way down: mappings as views of their own copy, lists as tuples.

    >>> frozen({"a": [1, {"b": 2}]})["a"][1]["b"]
    2
    """
    if isinstance(value, Mapping):
        return MappingProxyType({k: frozen(v) for k, v in value.items()})
    return tuple(frozen(v) for v in value) if isinstance(value, (list, tuple)) else value


def thawed(value: Any) -> Any:
    """Return plain dicts and lists again, for writers."""
    if isinstance(value, Mapping):
        return {k: thawed(v) for k, v in value.items()}
    return [thawed(v) for v in value] if isinstance(value, tuple) else value


@dataclass(frozen=True)
class StudyConfig:
    """What study.yaml says; every key is optional."""

    title: str = _key("", "title of the study")
    disease: str = _key("", "disease, free text")
    genome_build: str | None = _key(None, "GRCh37 or GRCh38")
    index: str = _key("diagnosis of the primary", "what day 0 is")
    primary_endpoint: str = _key(
        "", "the end point the study was planned on, as its protocol names it (OS); none is taken"
    )
    design: str | None = _key(None, "crc, mcrpc or another disease folder: its hypotheses, words and rules")
    objectives: Mapping[str, Mapping[str, Any]] = _key(
        {}, "the analyses to run with their settings; without it every analysis that can run, runs"
    )
    settings: Mapping[str, Mapping[str, Any]] = _key({}, "settings of any section: {psa: {criteria: pcwg3}}")
    covariates: Mapping[str, str] = _key(
        {}, "columns of patients or samples, or lab:NAME, each number / category / yes_no"
    )
    clocks: Mapping[str, str] = _key(
        {}, "tables or columns whose times start elsewhere or are no days: {follow_up: sequencing, labs: months}"
    )
    group: str | None = _key(None, "a column, status or treatment by which everything is also shown (as --group)")
    extra_columns: tuple[str, ...] = _key((), "further columns of the tables, kept as they are")
    cutoffs: Mapping[str, float] = _key({}, "cut-offs of markers: {TMB: 10}")
    statuses: Mapping[str, Any] = _key({}, "further actionable statuses: {name: [GENE p.X1Y, ...]}")
    report_germline: bool = _key(False, "whether germline findings are reported")
    language: str = _key("en", "language of the report and of the patient pages: en or zh (Simplified Chinese)")
    country: str | None = _key(
        None, "country of the patients: CN, US or EU; its approvals of therapies are shown first"
    )
    sources: tuple[str, ...] = _key((), "where the data come from")
    fasta: str = _key("", "reference genome (FASTA) that names the variants, relative to study.yaml; as --fasta")
    gff: str = _key("", "gene models of it (GTF, GFF3 or genePred), relative to study.yaml; as --gff")

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, frozen(getattr(self, item.name)))


def config_from_mapping(data: Mapping[str, Any], name: str = "study.yaml") -> StudyConfig:
    """Return the configuration; ConfigError lists every unknown key and wrong value."""
    from oncourse.study.settings import load_sections

    known = {f.name: f for f in fields(StudyConfig)}
    problems: list[str] = []
    given: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            near = nearest(str(key), known, cutoff=0.5)
            cure = f"Did you mean {near}?" if near else f"Known keys: {', '.join(known)}."
            if isinstance(value, Mapping) and key in load_sections():
                cure = "It is a section of settings: write it, indented, under 'settings:'."
            problems.append(f"{name}: unknown key '{key}'. {cure}")
            continue
        if value is None:
            continue
        try:
            given[key] = _CONVERT.get(key, _text)(value, f"{name}: {key}")
        except ConfigError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigError(problems)
    return replace(StudyConfig(), **given)


def read_config(path: Path) -> StudyConfig:
    """Read study.yaml; ConfigError names the line that cannot be read."""
    data = read_yaml(path)
    return config_from_mapping(data, path.name) if data else StudyConfig()


def read_yaml(path: Path) -> dict[Any, Any]:
    """Return the keys of a file of settings; ConfigError names the line that cannot be read."""
    if not path.is_file():
        raise ConfigError(f"{path.name}: is a folder, a device or a link that leads nowhere, not a file.")
    if path.stat().st_size > MAX_BYTES:
        raise ConfigError(f"{path.name}: larger than {MAX_BYTES >> 20} MB; are these really settings?")
    try:
        data = yaml_value(path.read_text(encoding="utf-8-sig"), path.name)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name}: not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    if data is not None and not isinstance(data, dict):
        raise ConfigError(f"{path.name}: expected 'key: value' lines, found a {type(data).__name__}.")
    return data or {}


def yaml_value(text: str, name: str) -> Any:
    """Return what a YAML text from outside says: no aliases, no key twice; ConfigError names the line."""
    import yaml

    try:
        return yaml.load(text, Loader=_loader())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{name}{place}: {getattr(error, 'problem', None) or 'not valid YAML'}.") from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: not valid YAML ({str(error)[:80]}).") from None


def config_to_yaml(config: StudyConfig) -> str:
    """Return study.yaml text with the keys that differ from their defaults."""
    import yaml

    plain = {}
    for item in fields(StudyConfig):
        value = getattr(config, item.name)
        if value in (None, "", (), {}) or (item.name == "language" and value == item.default):
            continue
        plain[item.name] = thawed(value)

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True  # the loader reads none

    return yaml.dump(plain, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=110)


def _loader() -> Any:
    """A safe YAML loader that refuses a key written twice, and aliases: a few lines of them unfold to gigabytes."""
    import yaml

    class Loader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                event = self.peek_event()
                raise yaml.composer.ComposerError(
                    None, None, f"alias *{event.anchor}: write the value out, aliases are not read", event.start_mark
                )
            return super().compose_node(parent, index)

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = loader.construct_object(key_node, deep=True)
            if not isinstance(key, (str, int, float, bool)):
                raise yaml.constructor.ConstructorError(None, None, "a key must be text", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key '{key}' is there twice", key_node.start_mark)
            seen.add(key)
        return dict(yaml.SafeLoader.construct_mapping(loader, node, deep=True))

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    return Loader


def _text(value: Any, name: str) -> str:
    if isinstance(value, (dict, list)):
        raise ConfigError(f"{name}: expected text, found a {'mapping' if isinstance(value, dict) else 'list'}.")
    return str(value)


def _build(value: Any, name: str) -> str:
    text = str(value).strip()
    build = build_named(text)
    if build not in BUILDS:
        raise ConfigError(f"{name}: '{text}' is not a known genome build. Allowed: GRCh37 (hg19), GRCh38 (hg38).")
    return build


def _design(value: Any, name: str) -> str:
    text = str(value).strip().lower()
    if text not in diseases():
        near = nearest(text, diseases(), cutoff=0.4)
        raise ConfigError(
            f"{name}: '{text}' is not a known design. Allowed: {', '.join(diseases())}."
            + (f" Did you mean {near}?" if near else "")
        )
    return text


def _country(value: Any, name: str) -> str:
    code = country_code(str(value))
    if code is None:
        raise ConfigError(
            f"{name}: '{value}' is no country whose approvals the rules hold. Allowed: {', '.join(AGENCIES)}."
        )
    return code


def _language(value: Any, name: str) -> str:
    text = str(value).strip().lower().partition("-")[0].partition("_")[0]
    if text not in LANGUAGES:
        raise ConfigError(f"{name}: '{value}' is not a language of the reports. Allowed: {', '.join(LANGUAGES)}.")
    return text


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{name}: '{value}' is not true or false.")
    return value


def _texts(value: Any, name: str) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(_text(item, name) for item in items)


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{name}: expected 'name: value' lines, found '{value}'.")
    return {str(k): v for k, v in value.items()}


def _sections(value: Any, name: str) -> dict[str, dict[str, Any]]:
    return {k: _mapping(v, f"{name}.{k}") if v is not None else {} for k, v in _mapping(value, name).items()}


def _objectives(value: Any, name: str) -> dict[str, dict[str, Any]]:
    """A list of analysis names, each alone or with its settings; or one mapping of them."""
    if isinstance(value, dict):
        return _sections(value, name)
    if not isinstance(value, list):
        raise ConfigError(f"{name}: expected a list of analyses, found '{value}'.")
    found: dict[str, dict[str, Any]] = {}
    for item in value:
        found.update(_sections(item, name) if isinstance(item, dict) else {str(item): {}})
    return found


def _covariates(value: Any, name: str) -> dict[str, str]:
    found, problems = {}, []
    for key, kind in _mapping(value, name).items():
        if str(kind) not in COVARIATE_KINDS:
            near = nearest(str(kind), COVARIATE_KINDS, cutoff=0.4)
            problems.append(
                f"{name}.{key}: '{kind}' is not a kind of covariate. Allowed: {', '.join(COVARIATE_KINDS)}."
                + (f" Did you mean {near}?" if near else "")
            )
        found[key] = str(kind)
    if problems:
        raise ConfigError(problems)
    return found


def _cutoffs(value: Any, name: str) -> dict[str, float]:
    found = {}
    for key, number in _mapping(value, name).items():
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise ConfigError(f"{name}.{key}: '{number}' is not a number.")
        found[key] = float(number)
    return found


_CONVERT = {
    "genome_build": _build,
    "design": _design,
    "objectives": _objectives,
    "settings": _sections,
    "covariates": _covariates,
    "extra_columns": _texts,
    "cutoffs": _cutoffs,
    "statuses": _mapping,
    "clocks": _mapping,
    "report_germline": _flag,
    "sources": _texts,
    "language": _language,
    "country": _country,
}
