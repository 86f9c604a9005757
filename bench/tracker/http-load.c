// Announces over HTTP as fast as a tracker answers them: each of 64 connections has one question open and asks the next
// when it is answered, on a new connection or, with "keep", on the same. Prints one line of JSON.
//
//   http-load PORT SECONDS SWARMS PEERS WANTED [keep]
//
// Swarms and peers are those of udp-load.c, which fills a tracker before. A connection of its own is closed by a reset, so
// that no port waits here; that is the same for every tracker. Built by main.ts with the C compiler of the machine.
#define _GNU_SOURCE
#include "load.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 64, REPLY = 8192 };

struct client {
  int fd, is_asked;
  uint32_t got, length;
  double asked_at;
  char question[512], reply[REPLY];
};

static uint32_t swarms, peers, wanted;
static int poll_fd, port, keeps;
static struct sockaddr_in to;

static char *put_hex(char *at, uint32_t value) {
  static const char digits[] = "0123456789ABCDEF";
  for (int shift = 24; shift >= 0; shift -= 8)
    *at++ = '%', *at++ = digits[value >> (shift + 4) & 15], *at++ = digits[value >> shift & 15];
  return at;
}

static void ask(struct client *c) {
  uint32_t swarm = draw(swarms), peer = draw(peers);
  char *at = stpcpy(c->question, "GET /announce?info_hash=");
  for (uint32_t word = 0; word < 5; word++) at = put_hex(at, (swarm + 1) * (2654435761u + word));
  at = put_hex(put_hex(stpcpy(at, "&peer_id=-LD0001-"), swarm), peer);
  at = stpcpy(at, "%00%00%00%00");
  at += sprintf(at, "&port=%u&uploaded=0&downloaded=0&left=%u&compact=1&numwant=%u HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n", 1024 + peer, peer & 1, wanted, port);
  at += sprintf(at, "User-Agent: bench\r\nConnection: %s\r\n\r\n", keeps ? "keep-alive" : "close");
  c->length = at - c->question;
  c->got = c->is_asked = 0;
  c->asked_at = now();
}

// Questions are far shorter than a socket's buffer: one call sends them whole.
static void send_question(struct client *c) {
  c->is_asked = 1;
  if (send(c->fd, c->question, c->length, MSG_NOSIGNAL) != (ssize_t)c->length) c->is_asked = 0;
}

static void dial(struct client *c) {
  int on = 1;
  struct linger reset = {1, 0};
  ask(c);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  connect(c->fd, (void *)&to, sizeof to);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &event);
}

static void again(struct client *c, int is_open) {
  if (keeps && is_open) {
    ask(c);
    send_question(c);
    return;
  }
  close(c->fd);
  dial(c);
}

// 1: a whole answer is in, and is counted.
static int is_whole(struct client *c) {
  c->reply[c->got] = 0;
  char *body = strstr(c->reply, "\r\n\r\n"), *length = strcasestr(c->reply, "content-length:");
  if (body == NULL || length == NULL || length > body) return 0;
  body += 4;
  uint32_t have = c->reply + c->got - body;
  if (have < strtoul(length + 15, NULL, 10)) return 0;
  char *told = memmem(body, have, "5:peers", 7);
  if (memcmp(c->reply + 9, "200", 3) != 0 || told == NULL) return refusals++, 1;
  answered(now() - c->asked_at, strtoul(told + 7, NULL, 10) / 6);
  return 1;
}

static void hear(struct client *c, uint32_t events) {
  if (!c->is_asked && (events & EPOLLOUT)) send_question(c);
  if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
  for (;;) {
    ssize_t length = recv(c->fd, c->reply + c->got, REPLY - 1 - c->got, 0);
    if (length < 0 && errno == EAGAIN) return;
    if (length > 0) c->got += length;
    if (length > 0 && is_whole(c)) return again(c, 1);
    if (length > 0 && c->got < REPLY - 1) continue;
    lost++;
    return again(c, 0);
  }
}

int main(int count, char **args) {
  if (count < 6) return fprintf(stderr, "http-load PORT SECONDS SWARMS PEERS WANTED [keep]\n"), 2;
  port = atoi(args[1]);
  double seconds = atof(args[2]);
  swarms = atoi(args[3]), peers = atoi(args[4]), wanted = atoi(args[5]), keeps = count > 6;
  to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  static struct client clients[CONNECTIONS];
  static struct epoll_event ready[CONNECTIONS];
  poll_fd = epoll_create1(0);
  double began = now();
  for (int at = 0; at < CONNECTIONS; at++) dial(&clients[at]);
  while (now() < began + seconds) {
    int many = epoll_wait(poll_fd, ready, CONNECTIONS, 100);
    for (int at = 0; at < many; at++) hear(ready[at].data.ptr, ready[at].events);
  }
  report(now() - began);
  return 0;
}
