"""Named, pinned, verified file sets: model weights and data that are fetched once and checked always."""

from foundation.assets.cache import Status, fetch, status, verify
from foundation.assets.catalog import ASSETS, Asset, Member, find_asset

__all__ = ["ASSETS", "Asset", "Member", "Status", "fetch", "find_asset", "status", "verify"]
