// A listening TCP socket in batches for Node: accept4 and recv of all that waits, one call into JavaScript over shared
// memory, then send and close. Readiness by an epoll of its own, which uv_poll watches on the loop that opened it. See
// src/batch-listener.ts for the other half and build.sh for how it is built.
//
// A connection that asks at once and is closed after its answer costs four system calls and no object here. Memory: four
// typed arrays made in JavaScript, kept alive here by references. Only the thread that opened a listener touches it.
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <node_api.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { ADDRESS = 18, EVENT_WORDS = 4, CHUNK = 16384, READY_MAX = 256, ARRAYS = 4, CONNECTIONS_MAX = 1 << 20, FIRST = 256 };
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
  napi_env env;
  napi_ref callback, self, arrays[ARRAYS];
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  uv_poll_t poll;
  uv_loop_t *loop;
  int fd, epoll, spare;
  int is_open, is_ending;
  uint8_t *in, *out, *addresses;  // addresses: of each event that opens
  uint32_t in_room, out_room, slots;
  uint32_t *events;  // (connection, what, from, length) both ways
  struct connection *all;
  uint32_t *free_list;
  uint32_t capacity, free_count, open_count, open_max, unread_max, linger_ms;
};

static napi_value fail(napi_env env, const char *code, const char *message) {
  napi_throw_error(env, code, message);
  return NULL;
}

static napi_value fail_errno(napi_env env, int number) {
  return fail(env, uv_err_name(-number), strerror(number));
}

static void write_address(uint8_t *to, const struct sockaddr_in6 *from) {
  if (from->sin6_family == AF_INET) {
    const struct sockaddr_in *four = (const void *)from;
    memset(to, 0, 10);
    to[10] = to[11] = 255;
    memcpy(to + 12, &four->sin_addr, 4);
    memcpy(to + 16, &four->sin_port, 2);
  } else {
    memcpy(to, &from->sin6_addr, 16);
    memcpy(to + 16, &from->sin6_port, 2);
  }
}

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
  c->until = uv_now(l->loop) + l->linger_ms;
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
  c->until = uv_now(l->loop) + l->linger_ms;
  watch(l, at, EPOLLOUT);
}

static uint32_t call(struct listener *l, uint32_t count) {
  napi_env env = l->env;
  napi_value callback, receiver, argument, result;
  uint32_t answers = 0;
  napi_get_reference_value(env, l->callback, &callback);
  napi_get_global(env, &receiver);
  napi_create_uint32(env, count, &argument);
  napi_status called = napi_make_callback(env, l->context, receiver, callback, 1, &argument, &result);
  if (called == napi_ok) napi_get_value_uint32(env, result, &answers);
  else {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    napi_value error;
    if (pending && napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  }
  return answers < l->slots ? answers : l->slots;
}

static void turn(uv_poll_t *poll, int status, int events) {
  struct listener *l = poll->data;
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
  if (napi_open_handle_scope(l->env, &scope) != napi_ok) return;
  // Answers are written over the events: which connections are new is kept here.
  uint32_t fresh[READY_MAX * 2], fresh_count = 0;
  for (uint32_t each = 0; each < b.count; each++)
    if (l->events[EVENT_WORDS * each + 1] & OPENED) fresh[fresh_count++] = l->events[EVENT_WORDS * each];
  uint32_t answers = call(l, b.count);
  // The call may have closed the listener; what it answered before is not sent then.
  if (l->is_open) {
    for (uint32_t each = 0; each < answers; each++) {
      const uint32_t *event = l->events + EVENT_WORDS * each;
      if (event[2] > l->out_room || event[3] > l->out_room - event[2]) continue;
      answer(l, event[0], l->out + event[2], event[3], event[1]);
    }
    for (uint32_t each = 0; each < fresh_count; each++)
      if (l->all[fresh[each]].fd >= 0 && l->all[fresh[each]].watched == 0) rewatch(l, fresh[each]);
  }
  napi_close_handle_scope(l->env, scope);
}

// ---- opening and closing --------------------------------------------------------------------

static void close_all(struct listener *l) {
  for (uint32_t at = 0; at < l->capacity; at++)
    if (l->all[at].fd >= 0) drop(l, at);
  if (l->fd >= 0) close(l->fd);
  if (l->epoll >= 0) close(l->epoll);
  if (l->spare >= 0) close(l->spare);
  l->fd = l->epoll = l->spare = -1;
}

static void finalize(napi_env env, void *data, void *hint) {
  struct listener *l = data;
  (void)env, (void)hint;
  close_all(l);
  free(l->all);
  free(l->free_list);
  free(l);
}

// The loop has let go of the handle: now, and not earlier, everything else may go.
static void closed(uv_handle_t *handle) {
  struct listener *l = handle->data;
  napi_env env = l->env;
  close_all(l);
  if (l->cleanup != NULL) napi_remove_async_cleanup_hook(l->cleanup);
  if (l->is_ending) return;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_delete_reference(env, l->callback);
  for (int at = 0; at < ARRAYS; at++) napi_delete_reference(env, l->arrays[at]);
  napi_async_destroy(env, l->context);
  napi_delete_reference(env, l->self);
  napi_close_handle_scope(env, scope);
}

static void end(struct listener *l) {
  if (!l->is_open) return;
  l->is_open = 0;
  uv_poll_stop(&l->poll);
  uv_close((uv_handle_t *)&l->poll, closed);
}

// The environment (a worker, the process) ends with the listener open.
static void ended(napi_async_cleanup_hook_handle handle, void *data) {
  struct listener *l = data;
  (void)handle;
  l->is_ending = 1;
  end(l);
}

static int listen_at(struct listener *l, const char *host, uint32_t port, int family, int is_shared, int backlog) {
  int on = 1, off = 0;
  struct sockaddr_in6 name;
  int is_address = family == 4 ? uv_ip4_addr(host, port, (void *)&name) : uv_ip6_addr(host, port, &name);
  if (is_address != 0) return EINVAL;
  l->fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (l->fd < 0) return errno;
  setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Connections inherit it: an answer waits for nothing.
  setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // As node:net listens: "::" serves IPv4, too.
  if (family == 6 && setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) return errno;
  if (is_shared && setsockopt(l->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) return errno;
  if (bind(l->fd, (void *)&name, family == 4 ? sizeof(struct sockaddr_in) : sizeof name) < 0) return errno;
  if (listen(l->fd, backlog) < 0) return errno;
  l->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (l->epoll < 0) return errno;
  l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = LISTENER};
  return epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->fd, &event) < 0 ? errno : 0;
}

// Checks a typed array and keeps it; NULL when it is shorter than `least` elements.
static void *keep(napi_env env, struct listener *l, int at, napi_value array, napi_typedarray_type wanted, size_t least, uint32_t *got) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  if (napi_get_typedarray_info(env, array, &type, &length, &data, NULL, NULL) != napi_ok) return NULL;
  if (type != wanted || length < least || length > INT32_MAX) return NULL;
  if (napi_create_reference(env, array, 1, &l->arrays[at]) != napi_ok) return NULL;
  if (got != NULL) *got = length;
  return data;
}

static void give_up(napi_env env, struct listener *l) {
  for (int at = 0; at < ARRAYS; at++)
    if (l->arrays[at] != NULL) napi_delete_reference(env, l->arrays[at]);
  finalize(env, l, NULL);
}

// open(host, port, family, isShared, [backlog, connectionsMax, unreadMax, lingerMs, slots] as Uint32Array, in, out,
// addresses, events, callback). The callback is told how many events came and answers how many answers it wrote over them.
static napi_value open_listener(napi_env env, napi_callback_info info) {
  enum { HOST, PORT, FAMILY, SHARED, LIMITS, IN, OUT, ADDRESSES, EVENTS, CALLBACK, COUNT };
  napi_value args[COUNT], handle, name;
  size_t count = COUNT, length, limit_count;
  char host[128];
  uint32_t port = 0, *limits = NULL;
  int32_t family = 0;
  bool is_shared = false;
  napi_valuetype type = napi_undefined;
  napi_typedarray_type limits_type;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < COUNT) return fail(env, "BAD_ARGUMENT", "open takes 10 arguments");
  napi_typeof(env, args[CALLBACK], &type);
  if (napi_get_value_string_utf8(env, args[HOST], host, sizeof host, &length) != napi_ok ||
      napi_get_value_uint32(env, args[PORT], &port) != napi_ok || napi_get_value_int32(env, args[FAMILY], &family) != napi_ok ||
      napi_get_value_bool(env, args[SHARED], &is_shared) != napi_ok || type != napi_function || port > 65535 ||
      (family != 4 && family != 6) ||
      napi_get_typedarray_info(env, args[LIMITS], &limits_type, &limit_count, (void **)&limits, NULL, NULL) != napi_ok ||
      limits_type != napi_uint32_array || limit_count != 5 || limits[1] > CONNECTIONS_MAX || limits[2] > INT32_MAX / 2 ||
      limits[4] == 0 || limits[4] > 2 * READY_MAX)
    return fail(env, "BAD_ARGUMENT", "open was given something else than it takes");
  struct listener *l = calloc(1, sizeof *l);
  if (l == NULL) return fail_errno(env, ENOMEM);
  l->env = env;
  l->fd = l->epoll = l->spare = -1;
  l->open_max = limits[1], l->unread_max = limits[2], l->linger_ms = limits[3], l->slots = limits[4];
  l->in = keep(env, l, 0, args[IN], napi_uint8_array, CHUNK, &l->in_room);
  l->out = keep(env, l, 1, args[OUT], napi_uint8_array, 1, &l->out_room);
  l->addresses = keep(env, l, 2, args[ADDRESSES], napi_uint8_array, (size_t)l->slots * ADDRESS, NULL);
  l->events = keep(env, l, 3, args[EVENTS], napi_uint32_array, (size_t)l->slots * EVENT_WORDS, NULL);
  if (l->in == NULL || l->out == NULL || l->addresses == NULL || l->events == NULL) {
    give_up(env, l);
    return fail(env, "BAD_ARGUMENT", "memory for events is too small, or none");
  }
  int error = listen_at(l, host, port, family, is_shared, limits[0]);
  if (error == 0 && (napi_get_uv_event_loop(env, &l->loop) != napi_ok || uv_poll_init(l->loop, &l->poll, l->epoll) != 0)) error = EIO;
  if (error != 0) {
    give_up(env, l);
    return fail_errno(env, error);
  }
  l->poll.data = l;
  napi_create_string_utf8(env, "bt.batch-tcp", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &l->context);
  napi_create_reference(env, args[CALLBACK], 1, &l->callback);
  napi_create_external(env, l, finalize, NULL, &handle);
  // Held until the loop has let go: a handle that is collected while it is polled would end the process.
  napi_create_reference(env, handle, 1, &l->self);
  napi_add_async_cleanup_hook(env, ended, l, &l->cleanup);
  l->is_open = 1;
  uv_poll_start(&l->poll, UV_READABLE, turn);
  return handle;
}

static struct listener *listener_of(napi_env env, napi_callback_info info, napi_value *args, size_t wanted) {
  size_t count = wanted;
  void *data = NULL;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < wanted || napi_get_value_external(env, args[0], &data) != napi_ok) {
    fail(env, "BAD_ARGUMENT", "not a listener of this module");
    return NULL;
  }
  return data;
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
  if (l == NULL || !l->is_open) return NULL;
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
  uint64_t now = uv_now(l->loop);
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
  if (l != NULL) end(l);
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
