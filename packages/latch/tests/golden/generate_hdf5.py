"""Writes formats/storage.h5: datasets with fill values and checksums, as h5py writes them. Needs h5py and numpy."""

import os

import h5py
import numpy as np

here = os.path.dirname(os.path.abspath(__file__))


def main():
    numbers = np.linspace(-2, 2, 35, dtype="f4").reshape(7, 5)
    with h5py.File(os.path.join(here, "formats", "storage.h5"), "w", libver="earliest") as file:
        file.create_dataset("contiguous_fill", (2, 3), "f4", fillvalue=1.5)
        file.create_dataset("contiguous_zero", (2, 3), "f4")
        file.create_dataset("chunks_none", (3, 3), "f8", chunks=(2, 2), fillvalue=-7.25)
        part = file.create_dataset("chunks_part", (7, 5), "f4", chunks=(3, 2), fillvalue=0.5)
        part[0:3, 0:2] = numbers[0:3, 0:2]
        part[6, 4] = numbers[6, 4]
        file.create_dataset("halves", (4, 2), "f2", chunks=(2, 2), fillvalue=2.5)
        file.create_dataset("checked", data=numbers, chunks=(4, 5), fletcher32=True)
        file.create_dataset("packed", data=numbers, chunks=(4, 5), fletcher32=True, shuffle=True, compression="gzip")
        file.create_dataset("long", data=np.tile(numbers, (60, 1)), chunks=(420, 5), fletcher32=True)
    with h5py.File(os.path.join(here, "formats", "storageLatest.h5"), "w", libver=("v108", "v108")) as file:
        file.create_dataset("contiguous_fill", (2, 3), "f4", fillvalue=1.5)


main()
