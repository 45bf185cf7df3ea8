"""``colonnade assets``: list, fetch and verify model weights and fetched data."""

from typing import Annotated

import typer

from apps.cli.progress import progress_bar

__all__ = ["app"]

app = typer.Typer(help="Model weights: what is known, what is on this machine, whether it is undamaged.")

Names = Annotated[list[str] | None, typer.Argument(help="Asset names; see 'list'.")]


@app.command("list")
def list_assets() -> None:
    """List the assets this release knows."""
    from foundation.assets import ASSETS, status

    for asset in ASSETS.values():
        typer.echo(f"{asset.name:26} {status(asset).value:8} {asset.licence:12} {asset.title}")


@app.command()
def fetch(names: Names = None) -> None:
    """Fetch assets (what a first start needs where none is named) and check their bytes."""
    from foundation.assets import fetch as fetch_asset
    from foundation.assets import find_asset
    from foundation.text.backbone import DEFAULT_BACKBONE
    from foundation.vision.backbone import DEFAULT_BACKBONE as IMAGE_BACKBONE
    from solutions.recommendation.tables import ML100K_ASSET as DEFAULT_EVENTS

    for name in names or [DEFAULT_BACKBONE, IMAGE_BACKBONE, DEFAULT_EVENTS]:
        with progress_bar() as listener:
            folder = fetch_asset(find_asset(name), listener)
        typer.echo(f"{name}: verified in {folder}")


@app.command()
def verify(names: Names = None) -> None:
    """Hash every cached file; a damaged one is named and fetched again."""
    from foundation.assets import ASSETS, Status, find_asset
    from foundation.assets import fetch as fetch_asset
    from foundation.assets import verify as verify_asset

    for asset in [find_asset(name) for name in names] if names else list(ASSETS.values()):
        found = verify_asset(asset)
        damaged = [path for path, status in found.items() if status is Status.DAMAGED]
        if damaged:
            typer.echo(f"{asset.name}: {', '.join(damaged)} damaged; fetching again")
            with progress_bar() as listener:
                fetch_asset(asset, listener)
            typer.echo(f"{asset.name}: mended")
        elif all(status is Status.ABSENT for status in found.values()):
            typer.echo(f"{asset.name}: not on this machine")
        elif Status.ABSENT in found.values():
            typer.echo(f"{asset.name}: incomplete; run 'colonnade assets fetch {asset.name}'")
        else:
            typer.echo(f"{asset.name}: {len(found)} files, all as pinned")
