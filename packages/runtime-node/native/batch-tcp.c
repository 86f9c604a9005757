// A listening TCP socket in batches for Node: accept4 and recv of all that waits, one call into JavaScript over shared
// memory, then send and close. Readiness by an epoll of its own, which uv_poll watches on the loop that opened it. See
// src/batch-listener.ts for the other half and build.sh for how it is built.
//
// A connection that asks at once and is closed after its answer costs four system calls and no object here. Memory: four
// typed arrays made in JavaScript, kept alive here by references. Only the thread that opened a listener touches it.
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "batch.h"
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENT_WORDS = 4, CHUNK = 16384, READY_MAX = 256, CONNECTIONS_MAX = 1 << 20, FIRST = 256 };
/** Of an event. */
enum { OPENED = 1, GONE = 2 };
/** What is to be done after an answer: NextStep of batch-listener.ts. */
enum { GO_ON, CLOSE, END };
static const uint32_t LISTENER = UINT32_MAX;

struct connection {
  int fd;            // −1: free
  uint32_t watched;  // events asked of epoll; 0: it is not in it
  uint8_t is_ending; // nothing more is heard of it; `until` is when it is cut
  uint8_t is_shut, is_full_chunk, is_paused;
  uint64_t until;
  uint8_t *out;      // what the kernel did not take
  uint32_t out_from, out_end, out_room;
};

struct listener {
  struct handle handle;
  int fd, epoll, spare;
  uint8_t *in, *out, *addresses;  // addresses: of each event that opens
  uint32_t in_room, out_room, slots;
  uint32_t *events;  // (connection, what, from, length) both ways
  struct connection *all;
  uint32_t *free_list;
  uint32_t capacity, free_count, open_count, open_max, unread_max, linger_ms;
};

// ---- connections ----------------------------------------------------------------------------

// A place for a connection; -1: there is no memory for one.
static int64_t take(struct listener *l, int fd) {
  if (l->free_count == 0) {
    uint32_t more = l->capacity == 0 ? FIRST : 2 * l->capacity;
    struct connection *all = realloc(l->all, more * sizeof *all);
    if (all == NULL) return -1;
    l->all = all;
    uint32_t *list = realloc(l->free_list, more * sizeof *list);
    if (list == NULL) return -1;
    l->free_list = list;
    for (uint32_t at = more; at-- > l->capacity;) {
      all[at].fd = -1;
      list[l->free_count++] = at;
    }
    l->capacity = more;
  }
  uint32_t at = l->free_list[--l->free_count];
  l->all[at] = (struct connection){.fd = fd};
  l->open_count++;
  return at;
}

static void drop(struct listener *l, uint32_t at) {
  struct connection *c = &l->all[at];
  close(c->fd);
  c->fd = -1;
  free(c->out);
  c->out = NULL;
  l->free_list[l->free_count++] = at;
  l->open_count--;
}

static void watch(struct listener *l, uint32_t at, uint32_t wanted) {
  struct connection *c = &l->all[at];
  if (c->watched == wanted) return;
  struct epoll_event event = {.events = wanted, .data.u32 = at};
  // Where the kernel has no memory for it, the connection ends when it is late.
  if (epoll_ctl(l->epoll, c->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &event) == 0) c->watched = wanted;
}

static uint32_t unsent(const struct connection *c) { return c->out_end - c->out_from; }

// What is to be heard of a connection now.
static void rewatch(struct listener *l, uint32_t at) {
  struct connection *c = &l->all[at];
  if (unsent(c) > l->unread_max) c->is_paused = 1;
  else if (unsent(c) == 0) c->is_paused = 0;
  watch(l, at, (c->is_paused ? 0 : EPOLLIN) | (unsent(c) > 0 ? EPOLLOUT : 0));
}

// Sends what waits, and says goodbye behind it; 0: the connection is broken.
static int flush(struct connection *c) {
  while (unsent(c) > 0) {
    ssize_t sent = send(c->fd, c->out + c->out_from, unsent(c), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    c->out_from += sent;
  }
  free(c->out);
  c->out = NULL;
  c->out_from = c->out_end = c->out_room = 0;
  if (c->is_ending && !c->is_shut) {
    shutdown(c->fd, SHUT_WR);
    c->is_shut = 1;
  }
  return 1;
}

// Keeps bytes that the kernel did not take; 0: there is no memory.
static int keep_unsent(struct connection *c, const uint8_t *bytes, uint32_t length) {
  if (c->out_room - c->out_end < length) {
    uint32_t waiting = unsent(c);
    uint32_t room = waiting + length + CHUNK;
    uint8_t *out = malloc(room);
    if (out == NULL) return 0;
    if (waiting > 0) memcpy(out, c->out + c->out_from, waiting);
    free(c->out);
    c->out = out, c->out_from = 0, c->out_end = waiting, c->out_room = room;
  }
  memcpy(c->out + c->out_end, bytes, length);
  c->out_end += length;
  return 1;
}

// Sends an answer, and does what comes after it. A connection that breaks is found so by the next read.
static void answer(struct listener *l, uint32_t at, const uint8_t *bytes, uint32_t length, uint32_t next) {
  if (at >= l->capacity) return;
  struct connection *c = &l->all[at];
  if (c->fd < 0 || c->is_ending) return;
  while (length > 0 && unsent(c) == 0) {
    ssize_t sent = send(c->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) length = 0;
    else bytes += sent, length -= sent;
    if (length > 0) break;
  }
  if (length > 0 && !keep_unsent(c, bytes, length)) next = CLOSE;
  if (next == GO_ON) return rewatch(l, at);
  // Bytes that came and were not read turn a close into a reset, which may overtake the answer.
  if (next == CLOSE && unsent(c) == 0 && !c->is_full_chunk) return drop(l, at);
  c->is_ending = 1;
  c->until = uv_now(l->handle.poll.loop) + l->linger_ms;
  if (!flush(c)) return drop(l, at);
  rewatch(l, at);
}

// ---- a turn ---------------------------------------------------------------------------------

struct batch {
  uint32_t count, filled;
};

static void tell(struct listener *l, struct batch *b, uint32_t at, uint32_t what, uint32_t length) {
  uint32_t *event = l->events + EVENT_WORDS * b->count++;
  event[0] = at, event[1] = what, event[2] = b->filled, event[3] = length;
  b->filled += length;
}

static int has_room(const struct listener *l, const struct batch *b) {
  return b->count < l->slots && l->in_room - b->filled >= CHUNK;
}

// Reads once; the length, 0 at the end, -1 for nothing yet, -2 for a broken connection.
static ssize_t read_chunk(struct listener *l, struct connection *c, const struct batch *b) {
  ssize_t length;
  do length = recv(c->fd, l->in + b->filled, CHUNK, MSG_DONTWAIT);
  while (length < 0 && errno == EINTR);
  c->is_full_chunk = length == CHUNK;
  return length >= 0 ? length : errno == EAGAIN ? -1 : -2;
}

static void accept_some(struct listener *l, struct batch *b) {
  for (uint32_t tries = 0; tries < l->slots && has_room(l, b); tries++) {
    struct sockaddr_in6 name;
    socklen_t length = sizeof name;
    int fd = accept4(l->fd, (void *)&name, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE) && l->spare >= 0) {
      // Out of descriptors: who waits is turned away, else this event would come forever.
      close(l->spare);
      fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
      if (fd >= 0) close(fd);
      l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
      if (fd < 0) return;
      continue;
    }
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0) return;
    int64_t at = l->open_count >= l->open_max ? -1 : take(l, fd);
    if (at < 0) {
      close(fd);
      continue;
    }
    // Most have asked already when they are accepted.
    ssize_t got = read_chunk(l, &l->all[at], b);
    if (got == 0 || got == -2) {
      drop(l, at);
      continue;
    }
    write_address(l->addresses + (size_t)ADDRESS * b->count, &name);
    tell(l, b, at, OPENED, got > 0 ? got : 0);
  }
}

static void hear(struct listener *l, struct batch *b, uint32_t at, uint32_t ready) {
  struct connection *c = &l->all[at];
  if (c->fd < 0) return;
  if ((ready & EPOLLOUT) && !flush(c)) ready |= EPOLLERR;
  if (c->is_ending) {
    // Read and thrown away, until the other side has closed as well.
    uint8_t waste[CHUNK];
    ssize_t length = ready & (EPOLLIN | EPOLLERR | EPOLLHUP) ? recv(c->fd, waste, sizeof waste, MSG_DONTWAIT) : -1;
    if (length == 0 ? unsent(c) == 0 : length < 0 && (ready & (EPOLLERR | EPOLLHUP))) return drop(l, at);
    if (length != 0) return rewatch(l, at);
    // It waits for what is not sent yet, and no further word of the other side's end is wanted.
    return watch(l, at, EPOLLOUT);
  }
  if (c->is_paused && !(ready & (EPOLLERR | EPOLLHUP))) return rewatch(l, at);
  if (!(ready & ~(uint32_t)EPOLLOUT)) return rewatch(l, at);
  ssize_t got = read_chunk(l, c, b);
  if (got > 0) return tell(l, b, at, 0, got);
  if (got == -1) return rewatch(l, at);
  tell(l, b, at, GONE, 0);
  if (got == -2 || unsent(c) == 0) return drop(l, at);
  c->is_ending = 1;
  c->until = uv_now(l->handle.poll.loop) + l->linger_ms;
  watch(l, at, EPOLLOUT);
}

static void turn(uv_poll_t *poll, int status, int events) {
  struct listener *l = poll->data;
  napi_env env = l->handle.env;
  (void)status, (void)events;
  struct epoll_event ready[READY_MAX];
  int max = l->slots < READY_MAX ? (int)l->slots : READY_MAX;
  int count = epoll_wait(l->epoll, ready, max, 0);
  struct batch b = {0, 0};
  // The listener last: it takes all room that is left. What finds none is ready again in the next turn.
  int is_asked = 0;
  for (int each = 0; each < count; each++) {
    if (ready[each].data.u32 == LISTENER) is_asked = 1;
    else if (has_room(l, &b)) hear(l, &b, ready[each].data.u32, ready[each].events);
  }
  if (is_asked && l->fd >= 0) accept_some(l, &b);
  if (b.count == 0) return;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  // Answers are written over the events: which connections are new is kept here.
  uint32_t fresh[READY_MAX * 2], fresh_count = 0;
  for (uint32_t each = 0; each < b.count; each++)
    if (l->events[EVENT_WORDS * each + 1] & OPENED) fresh[fresh_count++] = l->events[EVENT_WORDS * each];
  uint32_t answers = call(&l->handle, b.count);
  if (answers > l->slots) answers = l->slots;
  // The call may have closed the listener; what it answered before is not sent then.
  if (l->handle.is_open) {
    for (uint32_t each = 0; each < answers; each++) {
      const uint32_t *event = l->events + EVENT_WORDS * each;
      if (event[2] > l->out_room || event[3] > l->out_room - event[2]) continue;
      answer(l, event[0], l->out + event[2], event[3], event[1]);
    }
    for (uint32_t each = 0; each < fresh_count; each++)
      if (l->all[fresh[each]].fd >= 0 && l->all[fresh[each]].watched == 0) rewatch(l, fresh[each]);
  }
  napi_close_handle_scope(env, scope);
}

// ---- opening and closing --------------------------------------------------------------------

static void let_go(struct handle *h) {
  struct listener *l = (void *)h;
  for (uint32_t at = 0; at < l->capacity; at++)
    if (l->all[at].fd >= 0) drop(l, at);
  if (l->fd >= 0) close(l->fd);
  if (l->epoll >= 0) close(l->epoll);
  if (l->spare >= 0) close(l->spare);
  l->fd = l->epoll = l->spare = -1;
}

static void release(struct handle *h) {
  struct listener *l = (void *)h;
  free(l->all);
  free(l->free_list);
  free(l);
}

static int listen_at(struct listener *l, const struct place *at, int backlog) {
  int on = 1, off = 0;
  struct sockaddr_in6 name;
  socklen_t length = name_of(at, &name);
  if (length == 0) return EINVAL;
  l->fd = socket(at->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (l->fd < 0) return errno;
  setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Connections inherit it: an answer waits for nothing.
  setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // As node:net listens: "::" serves IPv4, too.
  if (at->family == 6 && setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) return errno;
  if (at->is_shared && setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) return errno;
  if (bind(l->fd, (void *)&name, length) < 0) return errno;
  if (listen(l->fd, backlog) < 0) return errno;
  l->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (l->epoll < 0) return errno;
  l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = LISTENER};
  return epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->fd, &event) < 0 ? errno : 0;
}

// open(host, port, family, isShared, [backlog, connectionsMax, unreadMax, lingerMs, slots] as Uint32Array, in, out,
// addresses, events, callback). The callback is told how many events came and answers how many answers it wrote over them.
static napi_value open_listener(napi_env env, napi_callback_info info) {
  enum { LIMITS = PLACE, IN, OUT, ADDRESSES, EVENTS, CALLBACK, COUNT };
  napi_value args[COUNT];
  size_t count = COUNT, limit_count;
  struct place at;
  uint32_t *limits = NULL;
  napi_valuetype type = napi_undefined;
  napi_typedarray_type limits_type;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < COUNT) return fail(env, "BAD_ARGUMENT", "open takes 10 arguments");
  napi_typeof(env, args[CALLBACK], &type);
  if (!read_place(env, args, &at) || type != napi_function ||
      napi_get_typedarray_info(env, args[LIMITS], &limits_type, &limit_count, (void **)&limits, NULL, NULL) != napi_ok ||
      limits_type != napi_uint32_array || limit_count != 5 || limits[1] > CONNECTIONS_MAX || limits[2] > INT32_MAX / 2 ||
      limits[4] == 0 || limits[4] > 2 * READY_MAX)
    return fail(env, "BAD_ARGUMENT", "open was given something else than it takes");
  struct listener *l = calloc(1, sizeof *l);
  if (l == NULL) return fail_errno(env, ENOMEM);
  struct handle *h = &l->handle;
  *h = (struct handle){.env = env, .let_go = let_go, .release = release};
  l->fd = l->epoll = l->spare = -1;
  l->open_max = limits[1], l->unread_max = limits[2], l->linger_ms = limits[3], l->slots = limits[4];
  l->in = keep(h, 0, args[IN], napi_uint8_array, CHUNK, &l->in_room);
  l->out = keep(h, 1, args[OUT], napi_uint8_array, 1, &l->out_room);
  l->addresses = keep(h, 2, args[ADDRESSES], napi_uint8_array, (size_t)l->slots * ADDRESS, NULL);
  l->events = keep(h, 3, args[EVENTS], napi_uint32_array, (size_t)l->slots * EVENT_WORDS, NULL);
  if (l->in == NULL || l->out == NULL || l->addresses == NULL || l->events == NULL) {
    give_up(h);
    return fail(env, "BAD_ARGUMENT", "memory for events is too small, or none");
  }
  int error = listen_at(l, &at, limits[0]);
  return start(h, error, l->epoll, turn, "bt.batch-tcp", args[CALLBACK]);
}

static struct listener *listener_of(napi_env env, napi_callback_info info, napi_value *args, size_t wanted) {
  return handle_of(env, info, args, wanted, "not a listener of this module");
}

// port(listener): where it listens.
static napi_value port_of(napi_env env, napi_callback_info info) {
  napi_value args[1], number;
  struct listener *l = listener_of(env, info, args, 1);
  if (l == NULL) return NULL;
  struct sockaddr_in6 name;
  socklen_t length = sizeof name;
  if (l->fd < 0 || getsockname(l->fd, (void *)&name, &length) < 0) return fail_errno(env, EBADF);
  // In the same place for both families.
  napi_create_uint32(env, ntohs(name.sin6_port), &number);
  return number;
}

// answer(listener, connection, bytes, next): outside of a batch, or where it does not fit into one.
static napi_value answer_one(napi_env env, napi_callback_info info) {
  napi_value args[4];
  struct listener *l = listener_of(env, info, args, 4);
  if (l == NULL || !l->handle.is_open) return NULL;
  napi_typedarray_type type;
  size_t length;
  void *bytes;
  uint32_t at, next;
  if (napi_get_value_uint32(env, args[1], &at) != napi_ok || napi_get_value_uint32(env, args[3], &next) != napi_ok ||
      napi_get_typedarray_info(env, args[2], &type, &length, &bytes, NULL, NULL) != napi_ok || type != napi_uint8_array ||
      length > INT32_MAX / 2)
    return fail(env, "BAD_ARGUMENT", "answer takes a connection, bytes and what is next");
  answer(l, at, bytes, length, next);
  return NULL;
}

// cut(listener): ends the connections that have lingered long enough; answers how many are open.
static napi_value cut(napi_env env, napi_callback_info info) {
  napi_value args[1], number;
  struct listener *l = listener_of(env, info, args, 1);
  if (l == NULL) return NULL;
  uint64_t now = uv_now(l->handle.poll.loop);
  for (uint32_t at = 0; at < l->capacity; at++)
    if (l->all[at].fd >= 0 && l->all[at].is_ending && l->all[at].until <= now) drop(l, at);
  napi_create_uint32(env, l->open_count, &number);
  return number;
}

// stop(listener): takes no new connection.
static napi_value stop(napi_env env, napi_callback_info info) {
  napi_value args[1];
  struct listener *l = listener_of(env, info, args, 1);
  if (l == NULL || l->fd < 0) return NULL;
  close(l->fd);
  l->fd = -1;
  return NULL;
}

// close(listener): cuts all connections; nothing is delivered after this call.
static napi_value close_listener(napi_env env, napi_callback_info info) {
  napi_value args[1];
  struct listener *l = listener_of(env, info, args, 1);
  if (l != NULL) end(&l->handle);
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor methods[] = {
      {"open", NULL, open_listener, NULL, NULL, NULL, napi_enumerable, NULL},
      {"port", NULL, port_of, NULL, NULL, NULL, napi_enumerable, NULL},
      {"answer", NULL, answer_one, NULL, NULL, NULL, napi_enumerable, NULL},
      {"cut", NULL, cut, NULL, NULL, NULL, napi_enumerable, NULL},
      {"stop", NULL, stop, NULL, NULL, NULL, napi_enumerable, NULL},
      {"close", NULL, close_listener, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof methods / sizeof *methods, methods);
  return exports;
}
