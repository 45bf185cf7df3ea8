"""An encoder as the folder that ``AutoModel`` and ``SentenceTransformer`` load."""

import json
from pathlib import Path

from foundation.files import atomic_folder
from foundation.text.adapters import AdaptedEncoder, merge
from foundation.text.backbone import sentence_transformer_files
from foundation.text.encoder import TextEncoder

__all__ = ["export_encoder"]


def export_encoder(encoder: TextEncoder, folder: Path) -> None:
    """Write weights, tokenizer, pooling and prefixes, whole or not at all; an adapter is multiplied in.

    Parameters
    ----------
    encoder : TextEncoder
        Of a bundle's network, for example.
    folder : Path
        Replaced where it is there.
    """
    whole = merge(encoder) if isinstance(encoder, AdaptedEncoder) else encoder
    with atomic_folder(folder) as temporary:
        whole.model.save_pretrained(temporary)
        whole.tokenizer.save_pretrained(temporary)
        for name, content in sentence_transformer_files(whole.record, whole.dimensions).items():
            (temporary / name).parent.mkdir(exist_ok=True)
            (temporary / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
