/* A plugin for qemu that counts the instructions between a program's calls of sched_yield.
 *
 * Emulated time says nothing about a processor, the number of instructions says much. Debian has no
 * qemu-plugin.h; what is used here is declared as in version 1 of its interface (qemu 4.2 to 9). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef struct {
  const char* target_name;
} qemu_info_head; /* the first member of qemu_info_t */

enum { kInlineAddU64 = 0 };
struct qemu_plugin_tb;
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* block);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb* block, int operation,
                                              void* counter, uint64_t by);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*call)(qemu_plugin_id_t, struct qemu_plugin_tb*));
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id,
                                          void (*call)(qemu_plugin_id_t, unsigned, int64_t,
                                                       uint64_t, uint64_t, uint64_t, uint64_t,
                                                       uint64_t, uint64_t, uint64_t, uint64_t));
void qemu_plugin_outs(const char* text);

EXPORT int qemu_plugin_version = 1;

static uint64_t count;
static int64_t sched_yield_number;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_inline(block, kInlineAddU64, &count,
                                           qemu_plugin_tb_n_insns(block));
}

static void called(qemu_plugin_id_t id, unsigned processor, int64_t number, uint64_t a1,
                   uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7,
                   uint64_t a8) {
  (void)id, (void)processor, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7;
  (void)a8;
  if (number != sched_yield_number) return;
  char line[32];
  snprintf(line, sizeof(line), "%" PRIu64 "\n", count);
  qemu_plugin_outs(line);
  count = 0;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_head* info, int argc,
                               char** argv) {
  (void)argc, (void)argv;
  sched_yield_number = strcmp(info->target_name, "aarch64") == 0 ? 124 : 158;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_vcpu_syscall_cb(id, called);
  return 0;
}
