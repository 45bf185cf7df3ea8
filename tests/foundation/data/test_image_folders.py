"""What folders say of the pictures in them."""

from pathlib import PurePosixPath

import pytest

from foundation.data.image_folders import Place, places


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("sick/1 well/1", "/sick/ /well/"),
        ("all/sick/1 all/well/1", "/sick/ /well/"),
        ("Test/sick/1 val/well/1", "test/sick/ dev/well/"),
        ("sick/ann/1 sick/bob/1 well/eve/1", "/sick/ann /sick/bob /well/eve"),
        ("north/sick/1 north/well/1 south/well/1", "/sick/ /well/ /well/"),
        ("sick/images/1 well/images/1", "/sick/ /well/"),
        ("sick/1 well/eve/1", "/sick/ /well/eve"),
        ("sick/ann/1 well/ann/1 sick/bob/1 well/eve/1", "/sick/ann /well/ann /sick/bob /well/eve"),
        ("1 ./2", "// //"),
    ],
)
def test_folders_name_split_class_and_patient(names: str, expected: str) -> None:
    found = places([PurePosixPath(name) for name in names.split()])
    assert found == [Place(*each.split("/")) for each in expected.split()]
