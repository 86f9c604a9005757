// What both loads count and say: answers, how long each took, and one line of JSON in the end.
#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { LATENCIES = 100000 };

static uint32_t latencies[LATENCIES];  // by microsecond
static uint64_t answers, peers_told, refusals, lost;
static uint32_t state = 2463534242u;

static uint32_t draw(uint32_t bound) {
  state ^= state << 13, state ^= state >> 17, state ^= state << 5;
  return (uint64_t)state * bound >> 32;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void answered(double after, uint32_t told) {
  uint32_t micros = after * 1e6;
  latencies[micros < LATENCIES ? micros : LATENCIES - 1]++;
  answers++;
  peers_told += told;
}

static void report(double took) {
  uint64_t sum = 0;
  uint32_t p50 = 0, p99 = 0;
  for (uint32_t micros = 0; micros < LATENCIES; micros++) {
    sum += latencies[micros];
    if (!p50 && sum * 2 >= answers) p50 = micros;
    if (!p99 && sum * 100 >= answers * 99) p99 = micros;
  }
  printf("{\"seconds\":%.3f,\"answers\":%lu,\"p50Micros\":%u,\"p99Micros\":%u,\"peersTold\":%.1f,\"lost\":%lu,\"refusals\":%lu}\n", took,
         answers, p50, p99, answers ? (double)peers_told / answers : 0, lost, refusals);
}
