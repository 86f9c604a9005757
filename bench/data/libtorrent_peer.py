#!/usr/bin/python3
"""libtorrent as a peer of the benchmark: libtorrent_peer.py seed|leech TORRENT FOLDER IP PORT [PEER_IP:PORT ...]

Says "ready" when a seed has checked its data and "complete" when a leech has everything verified; then waits to be
ended. Plain TCP, no encryption, no limits, no discovery: as fast as it goes.
"""
import sys
import time

import libtorrent as lt

role, torrent, folder, ip, port = sys.argv[1:6]
session = lt.session({
    "listen_interfaces": f"{ip}:{port}",
    "outgoing_interfaces": ip,
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "in_enc_policy": 2,
    "out_enc_policy": 2,
    "allow_multiple_connections_per_ip": True,
    "unchoke_slots_limit": -1,
    "request_queue_time": 1,
    "max_out_request_queue": 1500,
    "send_buffer_watermark": 3 << 20,
    "connection_speed": 500,
})
handle = session.add_torrent({"ti": lt.torrent_info(torrent), "save_path": folder})
handle.resume()
wanted = lt.torrent_status.states.seeding
looks = 0
while handle.status().state != wanted:
    # Again while nobody is connected: a call that comes while the torrent is still being added is lost.
    if looks % 100 == 0 and handle.status().num_peers < len(sys.argv) - 6:
        for peer in sys.argv[6:]:
            host, number = peer.rsplit(":", 1)
            handle.connect_peer((host, int(number)))
    looks += 1
    time.sleep(0.005)
print("ready" if role == "seed" else "complete", flush=True)
while True:
    time.sleep(60)
