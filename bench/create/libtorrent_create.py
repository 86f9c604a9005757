"""A torrent of one file by libtorrent: PATH OUTPUT PIECE_BYTES."""
import os
import sys

import libtorrent

path, output, piece = sys.argv[1], sys.argv[2], int(sys.argv[3])
files = libtorrent.file_storage()
libtorrent.add_files(files, path)
maker = libtorrent.create_torrent(files, piece, libtorrent.create_torrent.v1_only)
libtorrent.set_piece_hashes(maker, os.path.dirname(path))
with open(output, "wb") as file:
    file.write(libtorrent.bencode(maker.generate()))
