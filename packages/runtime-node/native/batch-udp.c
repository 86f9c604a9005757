// UDP in batches for Node: recvmmsg, one call into JavaScript over shared memory, sendmmsg; readiness by uv_poll on the
// loop that opened the socket. See src/batch-datagrams.ts for the other half and build.sh for how it is built.
//
// Memory: six typed arrays made in JavaScript, kept alive here by references; datagram i is bytes[i*stride ..], its
// address 18 bytes (16 of IPv6, IPv4 mapped; 2 of port, big-endian). Only the thread that opened a socket touches it.
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <node_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { ADDRESS = 18, BATCHES_PER_TURN = 4, SLOTS_MAX = 1024, ARRAYS = 6 };

struct side {
  uint8_t *bytes;
  uint16_t *lengths;
  uint8_t *addresses;
  uint32_t slots, stride;
  struct mmsghdr *headers;
  struct iovec *vectors;
  struct sockaddr_in6 *names;  // large enough for IPv4, too
};

struct batch_socket {
  napi_env env;
  napi_ref callback, self, arrays[ARRAYS];
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  uv_poll_t poll;
  int fd, family;
  int is_open, is_ending;
  struct side in, out;
};

static napi_value fail(napi_env env, const char *code, const char *message) {
  napi_throw_error(env, code, message);
  return NULL;
}

static napi_value fail_errno(napi_env env, int number) {
  return fail(env, uv_err_name(-number), strerror(number));
}

// ---- addresses ------------------------------------------------------------------------------

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

static socklen_t read_address(struct sockaddr_in6 *to, const uint8_t *from, int family) {
  memset(to, 0, sizeof *to);
  if (family == 4) {
    struct sockaddr_in *four = (void *)to;
    four->sin_family = AF_INET;
    memcpy(&four->sin_addr, from + 12, 4);
    memcpy(&four->sin_port, from + 16, 2);
    return sizeof *four;
  }
  to->sin6_family = AF_INET6;
  memcpy(&to->sin6_addr, from, 16);
  memcpy(&to->sin6_port, from + 16, 2);
  return sizeof *to;
}

// A link-local address says nothing without its interface: that of the sender who has the same address.
static uint32_t scope_of(const struct batch_socket *s, const struct sockaddr_in6 *to, int received) {
  if (s->family == 4 || !IN6_IS_ADDR_LINKLOCAL(&to->sin6_addr)) return 0;
  for (int i = 0; i < received; i++)
    if (memcmp(&s->in.names[i].sin6_addr, &to->sin6_addr, 16) == 0) return s->in.names[i].sin6_scope_id;
  return 0;
}

// ---- the two directions ---------------------------------------------------------------------

static int receive(struct batch_socket *s) {
  struct side *in = &s->in;
  for (uint32_t i = 0; i < in->slots; i++) in->headers[i].msg_hdr.msg_namelen = sizeof *in->names;
  int count = recvmmsg(s->fd, in->headers, in->slots, MSG_DONTWAIT, NULL);
  if (count <= 0) return 0;
  int kept = 0;
  for (int i = 0; i < count; i++) {
    // What is longer than a slot is lost, as a datagram that is too long for a link.
    if (in->headers[i].msg_hdr.msg_flags & MSG_TRUNC) continue;
    if (kept != i) {
      memcpy(in->bytes + (size_t)kept * in->stride, in->bytes + (size_t)i * in->stride, in->headers[i].msg_len);
      in->names[kept] = in->names[i];
    }
    in->lengths[kept] = in->headers[i].msg_len;
    write_address(in->addresses + kept * ADDRESS, &in->names[kept]);
    kept++;
  }
  return kept > 0 ? kept : -1;
}

static void answer(struct batch_socket *s, uint32_t count, int received) {
  struct side *out = &s->out;
  if (count > out->slots) count = out->slots;
  for (uint32_t i = 0; i < count; i++) {
    struct msghdr *header = &out->headers[i].msg_hdr;
    header->msg_namelen = read_address(&out->names[i], out->addresses + i * ADDRESS, s->family);
    out->names[i].sin6_scope_id = s->family == 4 ? 0 : scope_of(s, &out->names[i], received);
    out->vectors[i].iov_len = out->lengths[i] < out->stride ? out->lengths[i] : out->stride;
  }
  for (uint32_t from = 0; from < count;) {
    int sent = sendmmsg(s->fd, out->headers + from, count - from, MSG_DONTWAIT);
    if (sent > 0) from += sent;
    else if (errno == EAGAIN) return;       // the kernel's buffer is full: the rest is lost
    else if (errno != EINTR) from++;        // this one cannot be sent
  }
}

static void turn(uv_poll_t *poll, int status, int events) {
  struct batch_socket *s = poll->data;
  (void)status, (void)events;
  napi_env env = s->env;
  for (int batch = 0; batch < BATCHES_PER_TURN && s->is_open; batch++) {
    int received = receive(s);
    if (received == 0) return;
    if (received < 0) continue;
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return;
    napi_value callback, receiver, count, result;
    uint32_t replies = 0;
    napi_get_reference_value(env, s->callback, &callback);
    napi_get_global(env, &receiver);
    napi_create_uint32(env, received, &count);
    napi_status called = napi_make_callback(env, s->context, receiver, callback, 1, &count, &result);
    if (called == napi_ok) napi_get_value_uint32(env, result, &replies);
    else {
      bool pending = false;
      napi_is_exception_pending(env, &pending);
      napi_value error;
      if (pending && napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
    }
    // The call may have closed the socket; what it answered before is not sent then.
    if (s->is_open && replies > 0) answer(s, replies, received);
    napi_close_handle_scope(env, scope);
    if ((uint32_t)received < s->in.slots) return;
  }
}

// ---- opening and closing --------------------------------------------------------------------

static void free_side(struct side *side) {
  free(side->headers);
  free(side->vectors);
  free(side->names);
}

static void finalize(napi_env env, void *data, void *hint) {
  struct batch_socket *s = data;
  (void)env, (void)hint;
  free_side(&s->in);
  free_side(&s->out);
  free(s);
}

// The loop has let go of the handle: now, and not earlier, everything else may go.
static void closed(uv_handle_t *handle) {
  struct batch_socket *s = handle->data;
  napi_env env = s->env;
  close(s->fd);
  s->fd = -1;
  if (s->cleanup != NULL) napi_remove_async_cleanup_hook(s->cleanup);
  if (s->is_ending) return;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_delete_reference(env, s->callback);
  for (int i = 0; i < ARRAYS; i++) napi_delete_reference(env, s->arrays[i]);
  napi_async_destroy(env, s->context);
  napi_delete_reference(env, s->self);
  napi_close_handle_scope(env, scope);
}

static void end(struct batch_socket *s) {
  if (!s->is_open) return;
  s->is_open = 0;
  uv_poll_stop(&s->poll);
  uv_close((uv_handle_t *)&s->poll, closed);
}

// The environment (a worker, the process) ends with the socket open.
static void ended(napi_async_cleanup_hook_handle handle, void *data) {
  struct batch_socket *s = data;
  (void)handle;
  s->is_ending = 1;
  end(s);
}

static int prepare(struct side *side) {
  side->headers = calloc(side->slots, sizeof *side->headers);
  side->vectors = calloc(side->slots, sizeof *side->vectors);
  side->names = calloc(side->slots, sizeof *side->names);
  if (side->headers == NULL || side->vectors == NULL || side->names == NULL) return 0;
  for (uint32_t i = 0; i < side->slots; i++) {
    side->vectors[i] = (struct iovec){side->bytes + (size_t)i * side->stride, side->stride};
    side->headers[i].msg_hdr = (struct msghdr){
        .msg_name = &side->names[i], .msg_namelen = sizeof *side->names, .msg_iov = &side->vectors[i], .msg_iovlen = 1};
  }
  return 1;
}

static int bind_socket(struct batch_socket *s, const char *host, uint32_t port, int is_shared, int buffer) {
  int on = 1;
  s->fd = socket(s->family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (s->fd < 0) return errno;
  if (s->family == 6 && setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) return errno;
  if (is_shared && setsockopt(s->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) return errno;
  setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  struct sockaddr_in6 name;
  if (s->family == 4) {
    if (uv_ip4_addr(host, port, (struct sockaddr_in *)&name) != 0) return EINVAL;
    return bind(s->fd, (void *)&name, sizeof(struct sockaddr_in)) < 0 ? errno : 0;
  }
  if (uv_ip6_addr(host, port, &name) != 0) return EINVAL;
  return bind(s->fd, (void *)&name, sizeof name) < 0 ? errno : 0;
}

// Checks a typed array and keeps it; NULL when it is shorter than `least` elements.
static void *keep(napi_env env, struct batch_socket *s, int at, napi_value array, napi_typedarray_type wanted, size_t least) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  if (napi_get_typedarray_info(env, array, &type, &length, &data, NULL, NULL) != napi_ok) return NULL;
  if (type != wanted || length < least) return NULL;
  if (napi_create_reference(env, array, 1, &s->arrays[at]) != napi_ok) return NULL;
  return data;
}

static int keep_side(napi_env env, struct batch_socket *s, struct side *side, int at, const napi_value *args) {
  napi_get_value_uint32(env, args[3], &side->slots);
  napi_get_value_uint32(env, args[4], &side->stride);
  if (side->slots == 0 || side->slots > SLOTS_MAX || side->stride == 0 || side->stride > 65535) return 0;
  size_t bytes = (size_t)side->slots * side->stride;
  side->bytes = keep(env, s, at, args[0], napi_uint8_array, bytes);
  side->lengths = keep(env, s, at + 1, args[1], napi_uint16_array, side->slots);
  side->addresses = keep(env, s, at + 2, args[2], napi_uint8_array, (size_t)side->slots * ADDRESS);
  return side->bytes != NULL && side->lengths != NULL && side->addresses != NULL && prepare(side);
}

static void give_up(napi_env env, struct batch_socket *s) {
  if (s->fd >= 0) close(s->fd);
  for (int i = 0; i < ARRAYS; i++)
    if (s->arrays[i] != NULL) napi_delete_reference(env, s->arrays[i]);
  finalize(env, s, NULL);
}

// open(host, port, family, isShared, bufferBytes, in×5, out×5, callback): in and out are bytes, lengths, addresses, slots,
// stride. The callback is told how many datagrams came and answers how many replies to send.
static napi_value open_socket(napi_env env, napi_callback_info info) {
  enum { HOST, PORT, FAMILY, SHARED, BUFFER, IN, OUT = IN + 5, CALLBACK = OUT + 5, COUNT };
  napi_value args[COUNT], handle, name;
  size_t count = COUNT, length;
  char host[128];
  uint32_t port = 0;
  int32_t family = 0, buffer = 0;
  bool is_shared = false;
  napi_valuetype type = napi_undefined;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < COUNT) return fail(env, "BAD_ARGUMENT", "open takes 16 arguments");
  napi_typeof(env, args[CALLBACK], &type);
  if (napi_get_value_string_utf8(env, args[HOST], host, sizeof host, &length) != napi_ok ||
      napi_get_value_uint32(env, args[PORT], &port) != napi_ok || napi_get_value_int32(env, args[FAMILY], &family) != napi_ok ||
      napi_get_value_bool(env, args[SHARED], &is_shared) != napi_ok || napi_get_value_int32(env, args[BUFFER], &buffer) != napi_ok ||
      type != napi_function || port > 65535 || (family != 4 && family != 6))
    return fail(env, "BAD_ARGUMENT", "open was given something else than it takes");
  struct batch_socket *s = calloc(1, sizeof *s);
  if (s == NULL) return fail_errno(env, ENOMEM);
  s->env = env;
  s->family = family;
  s->fd = -1;
  if (!keep_side(env, s, &s->in, 0, args + IN) || !keep_side(env, s, &s->out, 3, args + OUT)) {
    give_up(env, s);
    return fail(env, "BAD_ARGUMENT", "memory for datagrams is too small, or none");
  }
  int error = bind_socket(s, host, port, is_shared, buffer);
  uv_loop_t *loop = NULL;
  if (error == 0 && (napi_get_uv_event_loop(env, &loop) != napi_ok || uv_poll_init(loop, &s->poll, s->fd) != 0)) error = EIO;
  if (error != 0) {
    give_up(env, s);
    return fail_errno(env, error);
  }
  s->poll.data = s;
  napi_create_string_utf8(env, "bt.batch-udp", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &s->context);
  napi_create_reference(env, args[CALLBACK], 1, &s->callback);
  napi_create_external(env, s, finalize, NULL, &handle);
  // Held until the loop has let go: a handle that is collected while it is polled would end the process.
  napi_create_reference(env, handle, 1, &s->self);
  napi_add_async_cleanup_hook(env, ended, s, &s->cleanup);
  s->is_open = 1;
  uv_poll_start(&s->poll, UV_READABLE, turn);
  return handle;
}

static struct batch_socket *socket_of(napi_env env, napi_callback_info info, napi_value *args, size_t wanted) {
  size_t count = wanted;
  void *data = NULL;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < wanted || napi_get_value_external(env, args[0], &data) != napi_ok) {
    fail(env, "BAD_ARGUMENT", "not a socket of this module");
    return NULL;
  }
  return data;
}

// local(socket): its 18 bytes of address as text and port are asked of the system: "host port".
static napi_value local(napi_env env, napi_callback_info info) {
  napi_value args[1], text;
  struct batch_socket *s = socket_of(env, info, args, 1);
  if (s == NULL) return NULL;
  struct sockaddr_in6 name;
  socklen_t length = sizeof name;
  if (s->fd < 0 || getsockname(s->fd, (void *)&name, &length) < 0) return fail_errno(env, EBADF);
  char host[INET6_ADDRSTRLEN], both[INET6_ADDRSTRLEN + 8];
  const struct sockaddr_in *four = (void *)&name;
  if (s->family == 4) inet_ntop(AF_INET, &four->sin_addr, host, sizeof host);
  else inet_ntop(AF_INET6, &name.sin6_addr, host, sizeof host);
  snprintf(both, sizeof both, "%s %d", host, ntohs(s->family == 4 ? four->sin_port : name.sin6_port));
  napi_create_string_utf8(env, both, NAPI_AUTO_LENGTH, &text);
  return text;
}

// send(socket, bytes, to): one datagram, copied by the kernel; loss is silent.
static napi_value send_one(napi_env env, napi_callback_info info) {
  napi_value args[3];
  struct batch_socket *s = socket_of(env, info, args, 3);
  if (s == NULL || !s->is_open) return NULL;
  napi_typedarray_type type;
  size_t length, address_length;
  void *bytes, *address;
  if (napi_get_typedarray_info(env, args[1], &type, &length, &bytes, NULL, NULL) != napi_ok || type != napi_uint8_array ||
      napi_get_typedarray_info(env, args[2], &type, &address_length, &address, NULL, NULL) != napi_ok ||
      type != napi_uint8_array || address_length < ADDRESS)
    return fail(env, "BAD_ARGUMENT", "send takes bytes and 18 bytes of address");
  struct sockaddr_in6 to;
  socklen_t to_length = read_address(&to, address, s->family);
  sendto(s->fd, bytes, length, MSG_DONTWAIT, (void *)&to, to_length);
  return NULL;
}

// close(socket): nothing is delivered after this call.
static napi_value close_socket(napi_env env, napi_callback_info info) {
  napi_value args[1];
  struct batch_socket *s = socket_of(env, info, args, 1);
  if (s != NULL) end(s);
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor methods[] = {
      {"open", NULL, open_socket, NULL, NULL, NULL, napi_enumerable, NULL},
      {"local", NULL, local, NULL, NULL, NULL, napi_enumerable, NULL},
      {"send", NULL, send_one, NULL, NULL, NULL, napi_enumerable, NULL},
      {"close", NULL, close_socket, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof methods / sizeof *methods, methods);
  return exports;
}
