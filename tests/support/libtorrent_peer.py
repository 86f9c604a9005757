"""libtorrent as a peer: libtorrent_peer.py ROLE SOURCE FOLDER ADDRESS PORT; ROLE is seed or leech, SOURCE a torrent file or magnet.

Says READY when it listens (seed: checked and seeding), DONE when all is here and verified. Runs until a signal.
Also: libtorrent_peer.py show TORRENT, libtorrent_peer.py create PATH OUT PIECE_LENGTH 1|2|hybrid TRACKER.
"""
import json
import os
import sys
import time

import libtorrent as lt


def quiet_session(address, port):
    return lt.session({
        "listen_interfaces": f"{address}:{port}",
        "outgoing_interfaces": address,
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
        "in_enc_policy": 2,
        "out_enc_policy": 2,
        "allow_multiple_connections_per_ip": True,
        "announce_to_all_trackers": True,
        "announce_to_all_tiers": True,
        "ssrf_mitigation": False,
        "min_reconnect_time": 2,
        "tick_interval": 100,
        "alert_mask": 0,
        "aio_threads": 1,
        "hashing_threads": 1,
        # Stop one second after the tracker was told, so that tests do not wait.
        "stop_tracker_timeout": 1,
    })


def transfer(role, source, folder, address, port):
    session = quiet_session(address, port)
    if source.startswith("magnet:"):
        parameters = lt.parse_magnet_uri(source)
    else:
        parameters = lt.add_torrent_params()
        parameters.ti = lt.torrent_info(source)
    parameters.save_path = folder
    parameters.flags &= ~(lt.torrent_flags.paused | lt.torrent_flags.auto_managed)
    handle = session.add_torrent(parameters)
    if role == "leech":
        print("READY", flush=True)
    told = False
    while True:
        status = handle.status()
        if status.errc.value() != 0:
            print("ERROR", status.errc.message(), flush=True)
        if status.is_seeding and not told:
            print("READY" if role == "seed" else "DONE", flush=True)
            told = True
        time.sleep(0.05)


def show(path):
    info = lt.torrent_info(path)
    hashes = info.info_hashes()
    files = info.files()
    print(json.dumps({
        "infoHash": str(hashes.v1) if hashes.has_v1() else None,
        "infoHashV2": str(hashes.v2) if hashes.has_v2() else None,
        "name": info.name(),
        "pieceCount": info.num_pieces(),
        "pieceLength": info.piece_length(),
        "files": [
            {"path": files.file_path(at), "length": files.file_size(at)}
            for at in range(files.num_files())
            if not files.file_flags(at) & lt.file_storage.flag_pad_file
        ],
    }))


def create(path, out, piece_length, version, tracker):
    files = lt.file_storage()
    lt.add_files(files, path)
    flags = {"1": lt.create_torrent.v1_only, "2": lt.create_torrent.v2_only, "hybrid": 0}[version]
    torrent = lt.create_torrent(files, piece_length, flags)
    if tracker:
        torrent.add_tracker(tracker)
    lt.set_piece_hashes(torrent, os.path.dirname(path))
    with open(out, "wb") as target:
        target.write(lt.bencode(torrent.generate()))


if sys.argv[1] == "show":
    show(sys.argv[2])
elif sys.argv[1] == "create":
    create(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5], sys.argv[6])
else:
    transfer(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
