// What the addons share: a handle that the loop of its thread polls, the arrays that it shares with JavaScript, one call
// for all of a turn, and its end. Each addon puts `struct handle` first in its own struct.
#include <errno.h>
#include <netinet/in.h>
#include <node_api.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

enum { ADDRESS = 18, ARRAYS_MAX = 6 };

struct handle {
  napi_env env;
  napi_ref callback, self, arrays[ARRAYS_MAX];
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  uv_poll_t poll;
  int is_open, is_ending;
  void (*let_go)(struct handle *);  // closes what is open; may come twice
  void (*release)(struct handle *);  // frees everything, after it
};

static napi_value fail(napi_env env, const char *code, const char *message) {
  napi_throw_error(env, code, message);
  return NULL;
}

static napi_value fail_errno(napi_env env, int number) {
  return fail(env, uv_err_name(-number), strerror(number));
}

// 16 bytes of IPv6, IPv4 mapped; 2 of port, big-endian.
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

// ---- what JavaScript hands over -------------------------------------------------------------

// Where to open: the first four arguments of both.
struct place {
  char host[128];
  uint32_t port;
  int32_t family;
  bool is_shared;
};
enum { PLACE = 4 };

static int read_place(napi_env env, const napi_value *args, struct place *at) {
  size_t length;
  return napi_get_value_string_utf8(env, args[0], at->host, sizeof at->host, &length) == napi_ok &&
         napi_get_value_uint32(env, args[1], &at->port) == napi_ok && napi_get_value_int32(env, args[2], &at->family) == napi_ok &&
         napi_get_value_bool(env, args[3], &at->is_shared) == napi_ok && at->port <= 65535 && (at->family == 4 || at->family == 6);
}

// The length of the name; 0: the host is no address of the family.
static socklen_t name_of(const struct place *at, struct sockaddr_in6 *name) {
  if (at->family == 4) return uv_ip4_addr(at->host, at->port, (void *)name) == 0 ? sizeof(struct sockaddr_in) : 0;
  return uv_ip6_addr(at->host, at->port, name) == 0 ? sizeof *name : 0;
}

// Checks a typed array and keeps it; NULL when it is shorter than `least` elements. `got`: its length.
static void *keep(struct handle *h, int at, napi_value array, napi_typedarray_type wanted, size_t least, uint32_t *got) {
  napi_typedarray_type type;
  size_t length;
  void *data;
  if (napi_get_typedarray_info(h->env, array, &type, &length, &data, NULL, NULL) != napi_ok) return NULL;
  if (type != wanted || length < least || length > INT32_MAX) return NULL;
  if (napi_create_reference(h->env, array, 1, &h->arrays[at]) != napi_ok) return NULL;
  if (got != NULL) *got = length;
  return data;
}

// The handle of a call; NULL: an error was thrown.
static void *handle_of(napi_env env, napi_callback_info info, napi_value *args, size_t wanted, const char *otherwise) {
  size_t count = wanted;
  void *data = NULL;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count >= wanted && napi_get_value_external(env, args[0], &data) == napi_ok) return data;
  fail(env, "BAD_ARGUMENT", otherwise);
  return NULL;
}

// ---- a turn ---------------------------------------------------------------------------------

// Says how many came; how many answers there are. Within a handle scope.
static uint32_t call(struct handle *h, uint32_t count) {
  napi_env env = h->env;
  napi_value callback, receiver, argument, result;
  uint32_t answers = 0;
  napi_get_reference_value(env, h->callback, &callback);
  napi_get_global(env, &receiver);
  napi_create_uint32(env, count, &argument);
  if (napi_make_callback(env, h->context, receiver, callback, 1, &argument, &result) == napi_ok) {
    napi_get_value_uint32(env, result, &answers);
    return answers;
  }
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  napi_value error;
  if (pending && napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
  return 0;
}

// ---- opening and closing --------------------------------------------------------------------

static void forget_arrays(struct handle *h) {
  for (int at = 0; at < ARRAYS_MAX; at++)
    if (h->arrays[at] != NULL) napi_delete_reference(h->env, h->arrays[at]);
}

static void finalize(napi_env env, void *data, void *hint) {
  struct handle *h = data;
  (void)env, (void)hint;
  h->let_go(h);
  h->release(h);
}

// The loop has let go of the handle: now, and not earlier, everything else may go.
static void closed(uv_handle_t *handle) {
  struct handle *h = handle->data;
  napi_env env = h->env;
  h->let_go(h);
  if (h->cleanup != NULL) napi_remove_async_cleanup_hook(h->cleanup);
  if (h->is_ending) return;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  napi_delete_reference(env, h->callback);
  forget_arrays(h);
  napi_async_destroy(env, h->context);
  napi_delete_reference(env, h->self);
  napi_close_handle_scope(env, scope);
}

static void end(struct handle *h) {
  if (!h->is_open) return;
  h->is_open = 0;
  uv_poll_stop(&h->poll);
  uv_close((uv_handle_t *)&h->poll, closed);
}

// The environment (a worker, the process) ends with the handle open.
static void ended(napi_async_cleanup_hook_handle handle, void *data) {
  struct handle *h = data;
  (void)handle;
  h->is_ending = 1;
  end(h);
}

// It was never started.
static void give_up(struct handle *h) {
  forget_arrays(h);
  finalize(h->env, h, NULL);
}

// Polls a descriptor from now on, unless there was an error already; what JavaScript keeps of it, or the error, thrown.
static napi_value start(struct handle *h, int error, int fd, uv_poll_cb turn, const char *named, napi_value callback) {
  napi_env env = h->env;
  napi_value kept, name;
  uv_loop_t *loop;
  if (error == 0 && (napi_get_uv_event_loop(env, &loop) != napi_ok || uv_poll_init(loop, &h->poll, fd) != 0)) error = EIO;
  if (error != 0) {
    give_up(h);
    return fail_errno(env, error);
  }
  h->poll.data = h;
  napi_create_string_utf8(env, named, NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &h->context);
  napi_create_reference(env, callback, 1, &h->callback);
  napi_create_external(env, h, finalize, NULL, &kept);
  // Held until the loop has let go: a handle that is collected while it is polled would end the process.
  napi_create_reference(env, kept, 1, &h->self);
  napi_add_async_cleanup_hook(env, ended, h, &h->cleanup);
  h->is_open = 1;
  uv_poll_start(&h->poll, UV_READABLE, turn);
  return kept;
}
