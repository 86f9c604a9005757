// UDP in batches for Node: recvmmsg, one call into JavaScript over shared memory, sendmmsg; readiness by uv_poll on the
// loop that opened the socket. See src/batch-datagrams.ts for the other half and build.sh for how it is built.
//
// Memory: six typed arrays made in JavaScript, kept alive here by references; datagram i is bytes[i*stride ..], its
// address 18 bytes (batch.h). Only the thread that opened a socket touches it.
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include "batch.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCHES_PER_TURN = 4, SLOTS_MAX = 1024 };

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
  struct handle handle;
  int fd, family;
  struct side in, out;
};

// ---- addresses ------------------------------------------------------------------------------

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
  napi_env env = s->handle.env;
  for (int batch = 0; batch < BATCHES_PER_TURN && s->handle.is_open; batch++) {
    int received = receive(s);
    if (received == 0) return;
    if (received < 0) continue;
    napi_handle_scope scope;
    if (napi_open_handle_scope(env, &scope) != napi_ok) return;
    uint32_t replies = call(&s->handle, received);
    // The call may have closed the socket; what it answered before is not sent then.
    if (s->handle.is_open && replies > 0) answer(s, replies, received);
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

static void let_go(struct handle *h) {
  struct batch_socket *s = (void *)h;
  if (s->fd >= 0) close(s->fd);
  s->fd = -1;
}

static void release(struct handle *h) {
  struct batch_socket *s = (void *)h;
  free_side(&s->in);
  free_side(&s->out);
  free(s);
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

static int bind_socket(struct batch_socket *s, const struct place *at, int buffer) {
  int on = 1;
  struct sockaddr_in6 name;
  socklen_t length = name_of(at, &name);
  if (length == 0) return EINVAL;
  s->fd = socket(s->family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (s->fd < 0) return errno;
  if (s->family == 6 && setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) return errno;
  if (at->is_shared && setsockopt(s->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) return errno;
  setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  return bind(s->fd, (void *)&name, length) < 0 ? errno : 0;
}

static int keep_side(struct handle *h, struct side *side, int at, const napi_value *args) {
  napi_get_value_uint32(h->env, args[3], &side->slots);
  napi_get_value_uint32(h->env, args[4], &side->stride);
  if (side->slots == 0 || side->slots > SLOTS_MAX || side->stride == 0 || side->stride > 65535) return 0;
  size_t bytes = (size_t)side->slots * side->stride;
  side->bytes = keep(h, at, args[0], napi_uint8_array, bytes, NULL);
  side->lengths = keep(h, at + 1, args[1], napi_uint16_array, side->slots, NULL);
  side->addresses = keep(h, at + 2, args[2], napi_uint8_array, (size_t)side->slots * ADDRESS, NULL);
  return side->bytes != NULL && side->lengths != NULL && side->addresses != NULL && prepare(side);
}

// open(host, port, family, isShared, bufferBytes, in×5, out×5, callback): in and out are bytes, lengths, addresses, slots,
// stride. The callback is told how many datagrams came and answers how many replies to send.
static napi_value open_socket(napi_env env, napi_callback_info info) {
  enum { BUFFER = PLACE, IN, OUT = IN + 5, CALLBACK = OUT + 5, COUNT };
  napi_value args[COUNT];
  size_t count = COUNT;
  struct place at;
  int32_t buffer = 0;
  napi_valuetype type = napi_undefined;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < COUNT) return fail(env, "BAD_ARGUMENT", "open takes 16 arguments");
  napi_typeof(env, args[CALLBACK], &type);
  if (!read_place(env, args, &at) || napi_get_value_int32(env, args[BUFFER], &buffer) != napi_ok || type != napi_function)
    return fail(env, "BAD_ARGUMENT", "open was given something else than it takes");
  struct batch_socket *s = calloc(1, sizeof *s);
  if (s == NULL) return fail_errno(env, ENOMEM);
  s->handle = (struct handle){.env = env, .let_go = let_go, .release = release};
  s->family = at.family;
  s->fd = -1;
  if (!keep_side(&s->handle, &s->in, 0, args + IN) || !keep_side(&s->handle, &s->out, 3, args + OUT)) {
    give_up(&s->handle);
    return fail(env, "BAD_ARGUMENT", "memory for datagrams is too small, or none");
  }
  int error = bind_socket(s, &at, buffer);
  return start(&s->handle, error, s->fd, turn, "bt.batch-udp", args[CALLBACK]);
}

static struct batch_socket *socket_of(napi_env env, napi_callback_info info, napi_value *args, size_t wanted) {
  return handle_of(env, info, args, wanted, "not a socket of this module");
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
  if (s == NULL || !s->handle.is_open) return NULL;
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
  if (s != NULL) end(&s->handle);
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
