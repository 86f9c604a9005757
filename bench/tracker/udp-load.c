// Announces over UDP as fast as a tracker answers them: each of some sockets keeps a window of questions open and asks a
// new one for every answer. Prints one line of JSON.
//
//   udp-load PORT SECONDS SWARMS PEERS WANTED [fill [FIRST]]
//
// With "fill" every (swarm, peer) announces once instead, peers from number FIRST on. Built by processes.ts with the C compiler of the machine.
#define _GNU_SOURCE
#include "load.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { SOCKETS = 8, WINDOW = 16, ANNOUNCE = 98, REPLY = 2048 };

struct client {
  int fd;
  uint8_t id[8];
  double asked_at[WINDOW];  // 0: free
};

static uint64_t asked;

static void put32(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static uint32_t get32(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

// The infohashes that main.ts writes into the list of those that opentracker serves.
static void infohash(uint8_t *at, uint32_t swarm) {
  for (int word = 0; word < 5; word++) put32(at + 4 * word, (swarm + 1) * (2654435761u + word));
}

static void question(uint8_t *at, const struct client *c, uint32_t slot, uint32_t swarm, uint32_t peer, uint32_t wanted) {
  memset(at, 0, ANNOUNCE);
  memcpy(at, c->id, 8);
  put32(at + 8, 1);
  put32(at + 12, slot);
  infohash(at + 16, swarm);
  memcpy(at + 36, "-LD0001-", 8);
  put32(at + 44, swarm);
  put32(at + 48, peer);
  put32(at + 68, peer & 1);  // every other one has something left
  put32(at + 92, wanted);
  at[96] = (1024 + peer) >> 8, at[97] = 1024 + peer;
}

int main(int count, char **args) {
  if (count < 6) return fprintf(stderr, "udp-load PORT SECONDS SWARMS PEERS WANTED [fill [FIRST]]\n"), 2;
  double seconds = atof(args[2]);
  uint32_t swarms = atoi(args[3]), peers = atoi(args[4]), wanted = atoi(args[5]);
  uint32_t first = count > 7 ? atoi(args[7]) : 0;
  uint64_t pairs = count > 6 ? (uint64_t)swarms * peers : 0;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(args[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  static struct client clients[SOCKETS];
  for (int at = 0; at < SOCKETS; at++) {
    struct client *c = &clients[at];
    c->fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct timeval patience = {2, 0};
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    uint8_t hello[16] = {0, 0, 4, 0x17, 0x27, 0x10, 0x19, 0x80, 0, 0, 0, 0, 1, 2, 3, at}, reply[REPLY];
    if (connect(c->fd, (void *)&to, sizeof to) < 0 || send(c->fd, hello, 16, 0) < 0 || recv(c->fd, reply, REPLY, 0) != 16)
      return fprintf(stderr, "the tracker does not answer a connect\n"), 1;
    memcpy(c->id, reply + 8, 8);
  }
  static uint8_t out[WINDOW][ANNOUNCE], in[WINDOW][REPLY];
  static struct iovec parts[2 * WINDOW];
  static struct mmsghdr sends[WINDOW], receives[WINDOW];
  for (int at = 0; at < WINDOW; at++) {
    parts[at] = (struct iovec){out[at], ANNOUNCE};
    parts[WINDOW + at] = (struct iovec){in[at], REPLY};
    sends[at].msg_hdr = (struct msghdr){.msg_iov = &parts[at], .msg_iovlen = 1};
    receives[at].msg_hdr = (struct msghdr){.msg_iov = &parts[WINDOW + at], .msg_iovlen = 1};
  }
  double began = now(), time = began;
  for (int open = 1; pairs ? asked < pairs || open > 0 : time < began + seconds;) {
    open = 0;
    for (int at = 0; at < SOCKETS; at++) {
      struct client *c = &clients[at];
      time = now();
      int ready = 0;
      for (uint32_t slot = 0; slot < WINDOW; slot++) {
        if (c->asked_at[slot] > 0 && time - c->asked_at[slot] > 0.2) c->asked_at[slot] = 0, lost++;
        if (c->asked_at[slot] > 0 || (pairs && asked >= pairs)) continue;
        uint32_t swarm = pairs ? asked % swarms : draw(swarms), peer = pairs ? first + asked / swarms : draw(peers);
        question(out[ready++], c, slot, swarm, peer, wanted);
        c->asked_at[slot] = time;
        asked++;
      }
      for (int sent = 0; sent < ready;) {
        int more = sendmmsg(c->fd, sends + sent, ready - sent, 0);
        if (more <= 0) break;
        sent += more;
      }
      int got = recvmmsg(c->fd, receives, WINDOW, MSG_DONTWAIT, NULL);
      time = now();
      for (int each = 0; each < got; each++) {
        const uint8_t *reply = in[each];
        uint32_t slot = get32(reply + 4);
        if (receives[each].msg_len < 20 || get32(reply) != 1) { refusals++; continue; }
        if (slot >= WINDOW || c->asked_at[slot] == 0) continue;
        answered(time - c->asked_at[slot], (receives[each].msg_len - 20) / 6);
        c->asked_at[slot] = 0;
      }
      for (int slot = 0; slot < WINDOW; slot++) open += c->asked_at[slot] > 0;
    }
  }
  report(now() - began);
  return 0;
}
