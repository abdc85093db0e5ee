"""The command `bosonpeak`: run a chapter, list chapters, figures and claims, check a claim.

Exit status: 0 done, 1 the chapter failed or a claim does not agree with the archive, 2 bad input, 130 interrupted.
"""

import argparse
import difflib
import json
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import yaml

from bosonpeak import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's own) and return its exit status."""
    arguments = _parser().parse_args(argv)
    try:
        status = arguments.do(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # the reader of a list, such as `head`, has seen enough; Python would complain when it flushes at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        print(f"bosonpeak: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        # coroutines that waited for the kernel are dropped, which Python would report after the last line
        warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
        print("\nbosonpeak: interrupted; nothing of this run is kept", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bosonpeak", description="Run the chapters of the book.")
    parser.add_argument("--version", action="version", version=f"bosonpeak {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="execute one chapter and keep its notebook under _build/runs")
    run.add_argument("chapter", metavar="CHAPTER", help="its name, as `bosonpeak chapters` lists it")
    run.add_argument("--scale", default="book", help="ci, book or paper (default: book)")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
        help="set a parameter; the value is YAML: 40, 0.3, [0.1, 0.2], glass.xyz",
    )  # fmt: skip
    run.add_argument("--archive", action="store_true", help="keep the claims in data/results/claims")
    run.add_argument("--quiet", action="store_true", help="no progress bar")
    run.set_defaults(do=_run)

    chapters = commands.add_parser("chapters", help="list chapters and their parameters at each scale")
    chapters.set_defaults(do=_chapters)

    figures = commands.add_parser("figures", help="list the figures of a page with the functions behind each")
    figures.add_argument("page", metavar="PAGE", nargs="?", help="only this page's")
    figures.set_defaults(do=_figures)

    claims = commands.add_parser("claims", help="list the claims of the ledger with their archived verdicts")
    claims.add_argument("chapter", metavar="CHAPTER", nargs="?", help="only this chapter's")
    claims.add_argument("--chapter", dest="chapter_too", metavar="CHAPTER", help="the same")
    claims.add_argument("--verdict", metavar="VERDICT", help="only those with this verdict at the largest tested scale")
    claims.add_argument(
        "--origin", metavar="ORIGIN", help="only those of this origin: paper, beyond, method, exploratory"
    )
    claims.add_argument(
        "--format", choices=("table", "json", "csv"), default="table", help="how to write them (default: table)"
    )
    claims.set_defaults(do=_claims)

    check = commands.add_parser("check", help="measure one claim again and compare it with the archive")
    check.add_argument("claim", metavar="CLAIM", help="its id, such as jiang-2026/fig2-right/additional-states")
    check.add_argument("--scale", help="ci, book or paper (default: the smallest scale at which the claim is measured)")
    check.add_argument("--quiet", action="store_true", help="no progress bar")
    check.set_defaults(do=_check)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    from bosonpeak.book import runs

    if arguments.archive and arguments.parameters:
        raise ValueError("--archive keeps the claims of a scale as it is defined: leave out -p")
    parameters = _parse(arguments.chapter, arguments.parameters)
    try:
        run = runs.run_chapter(arguments.chapter, arguments.scale, parameters, progress=not arguments.quiet)
    except runs.ChapterError as error:
        print(f"bosonpeak: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.chapter} at {run.scale} scale: {run.seconds:.1f} s, {os.path.relpath(run.path)}")
    if arguments.archive:
        payload = runs.claims_of(run.path)
        from bosonpeak.book import claims, export

        if payload["chapter"] != arguments.chapter:
            raise ValueError(
                f"{arguments.chapter} hands over claims of {payload['chapter']}, whose archived run it would replace: "
                f"let its page begin with start({arguments.chapter!r}, scale)"
            )
        claims.archive(payload, run.scale)
        export.write()
        print(f"claims archived at {run.scale} scale")
    return 0


def _parse(chapter: str, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """`-p` pairs as values: YAML, except that text stays as it is where the chapter's own value is text."""
    from bosonpeak.book import runs

    own = runs.parameters_of(chapter) if chapter in runs.chapters() else {}
    values = {}
    for name, text in pairs:
        if name in values:
            raise ValueError(f"-p {name} is given twice: leave one out")
        try:
            values[name] = text if isinstance(own.get(name), str) else yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise ValueError(f"the value of -p {name} is not valid YAML: {text[:80]!r}") from None
    return values


def _chapters(arguments: argparse.Namespace) -> int:
    from bosonpeak.book import runs

    others = [scale for scale in runs.scales() if scale != "book"]
    for chapter in runs.chapters():
        print(chapter)
        changes = {}
        for scale in others:
            try:
                changes[scale] = runs.load_scale(chapter, scale)
            except runs.NoEntry:
                continue  # the chapter does not have this scale
        for name, value in runs.parameters_of(chapter).items():
            at = [f"{scale} {changed[name]!r}" for scale, changed in changes.items() if name in changed]
            print(f"  {name} = {value!r}" + (f"  ({', '.join(at)})" if at else ""))
    return 0


def _figures(arguments: argparse.Namespace) -> int:
    from bosonpeak.book import listing, runs

    for page in [arguments.page] if arguments.page else runs.pages():
        for figure in listing.figure_sources(page):
            print(f"{figure.name}  (book/{page}.md, code cell {figure.cell})")
            for what, places in (("drawn by", figure.drawn_by), ("computed by", figure.computed_by)):
                for place in places:
                    print(f"  {what}  {place}")
    return 0


def _claims(arguments: argparse.Namespace) -> int:
    from bosonpeak.book import claims, export, runs
    from bosonpeak.book.scoreboard import current
    from bosonpeak.book.verdicts import VERDICTS

    if arguments.chapter and arguments.chapter_too and arguments.chapter != arguments.chapter_too:
        raise ValueError(f"two chapters are given, {arguments.chapter} and {arguments.chapter_too}: leave one out")
    chapter = arguments.chapter if arguments.chapter is not None else arguments.chapter_too
    if chapter is not None:
        runs.known("chapter with claims", chapter, claims.chapters())
    if arguments.verdict is not None:
        runs.known("verdict", arguments.verdict, VERDICTS)
    if arguments.origin is not None:
        runs.known("origin", arguments.origin, claims.ORIGINS)
    records, chosen = claims.archived_records(mark=False), []
    for claim in claims.load_all().values():
        stands = current(records.get(claim.id, {}))
        if (
            (chapter is None or claim.chapter == chapter)
            and (not arguments.origin or claim.origin == arguments.origin)
            and (not arguments.verdict or (stands and stands[1]["verdict"] == arguments.verdict))
        ):
            chosen.append(claim)
    if arguments.format == "json":
        print(json.dumps(export.claims_json([claim.id for claim in chosen]), indent=1, ensure_ascii=False))
    elif arguments.format == "csv":
        print(export.claims_csv([claim.id for claim in chosen]), end="")
    else:
        for claim in chosen:
            verdicts = [f"{scale}: {record['verdict']}" for scale, record in records.get(claim.id, {}).items()]
            flag = "" if claim.counts else f"  [{'retired' if claim.origin == 'paper' else claim.origin}]"
            print(f"{claim.id}{flag}  {', '.join(verdicts) or 'no archived run'}")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from bosonpeak.book import agreement, claims, runs

    known = claims.load_all()
    if arguments.claim not in known:
        close = difflib.get_close_matches(arguments.claim, known, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(close)}?" if close else "`bosonpeak claims` lists them"
        raise ValueError(f"unknown claim {arguments.claim!r}: {hint}")
    claim, ran = known[arguments.claim], claims.archived_records().get(arguments.claim, {})
    measured = [scale for scale, record in ran.items() if record["value"] is not None]
    scale = arguments.scale or next(iter(measured), "book")
    try:
        run = runs.run_chapter(claim.chapter, scale, {}, progress=not arguments.quiet)
    except runs.ChapterError as error:
        print(f"bosonpeak: {error}", file=sys.stderr)
        return 1
    fresh = {record["id"]: record for record in runs.claims_of(run.path)["records"]}[claim.id]
    archived = ran.get(run.scale)
    print("\n".join(agreement.report(claim, fresh, archived, run.scale)))
    print(f"{run.seconds:.0f} s, {os.path.relpath(run.path)}")
    return 1 if archived is None or agreement.differences(claim, fresh, archived, run.scale) else 0


if __name__ == "__main__":
    sys.exit(main())
