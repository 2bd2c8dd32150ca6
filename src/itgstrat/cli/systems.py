"""`itgstrat systems`: the processes that the reviews name, and what covers them."""

from typing import Annotated

import typer

from itgstrat.cli.facts import AsJson, print_json, print_record, print_table, say

app = typer.Typer(no_args_is_help=True, help="The biological systems that the reviews name: list, show.")


@app.command("list")
def list_them(
    theme: Annotated[str | None, typer.Option("--theme", help="One theme only, such as cascade.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the systems with the words that name them and how many signatures cover each."""
    from itgstrat.biology import load_catalogue
    from itgstrat.errors import CatalogueError

    catalogue = load_catalogue()
    if theme is not None and theme not in catalogue.themes:
        raise CatalogueError(f"no theme is called {theme!r}; need one of {', '.join(catalogue.themes)}")
    chosen = [one for one in catalogue.systems.values() if theme in (None, one.theme)]
    if as_json:
        print_json(chosen)
        return
    hidden = {code for one in catalogue.unseen for code in one.systems}
    sections: dict[str, list[tuple[str, ...]]] = {one.title: [] for one in catalogue.themes.values()}
    for one in chosen:
        mark = "*" if one.code in hidden else ""
        covered = str(len(one.signatures)) if one.signatures else "none"
        sections[catalogue.themes[one.theme].title].append(
            (f"{one.code}{mark}", covered, f"{one.phrase} ({one.where})")
        )
    print_table(("system", "sets", "named as"), sections)
    say(
        f"{len(chosen)} systems. * holds something that expression cannot give.",
        "`itgstrat systems show CODE` tells the signatures and what is missing.",
    )


@app.command("show")
def show(
    code: Annotated[str, typer.Argument(help="Code of the system, such as S2-26.")], as_json: AsJson = False
) -> None:
    """Show one system: where it is named, its signatures, and what expression cannot give."""
    from itgstrat.biology import load_catalogue

    catalogue = load_catalogue()
    found = catalogue.system(code)
    unseen = [one for one in catalogue.unseen if found.code in one.systems]
    if as_json:
        print_json({"system": found, "unseen": unseen})
        return
    members = [catalogue.signatures[name] for name in found.signatures]
    print_record(
        f"{found.code}: {found.phrase}",
        {
            "named in": f"{found.source} ({found.where})",
            "theme": catalogue.themes[found.theme].title,
            "signatures": [f"{one.id}  {one.title}" for one in members] or f"none: {found.why_none}",
            "not seen": [f"{one.what}: {one.why} Needs {one.needs}." for one in unseen],
        },
    )
