/*
 * The allocator of the engine. Small blocks come from pages of blocks of one size, so that a block has no header: its
 * page tells its size. Others go to malloc; musl's maps and unmaps memory at every request if it gets the small ones as
 * well, which costs more than the request. Only the engine's thread allocates here.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host.h"

/* Blocks of 8, 16, … bytes. */
#define STEP 8
#define CLASSES 65
#define PAGE_BYTES 4096
/* Addresses for pages, not memory; without any, everything goes to malloc. */
#define MOST_PAGES ((size_t)1 << 18)
#define FEWEST_PAGES ((size_t)1 << 8)
/* Pages become usable by the so many. */
#define GROWTH_PAGES 64

typedef union Block {
  union Block *next;
  char bytes[STEP];
} Block;

static char *pages;
static size_t page_count, used_pages, usable_pages;
static uint8_t class_of_page[MOST_PAGES];
/* Of each size: blocks that came back, and what is left of its last page. */
static Block *free_blocks[CLASSES];
static char *fresh[CLASSES], *fresh_end[CLASSES];

static size_t class_of(size_t size) {
  return (size + STEP - 1) / STEP;
}

static int is_small(const void *pointer) {
  return (size_t)((const char *)pointer - pages) < page_count * PAGE_BYTES;
}

static size_t usable(const void *pointer) {
  if (!pointer) return 0;
  if (!is_small(pointer)) return malloc_usable_size((void *)(uintptr_t)pointer);
  return (size_t)class_of_page[(size_t)((const char *)pointer - pages) / PAGE_BYTES] * STEP;
}

static void reserve(void) {
  static int is_tried;
  if (is_tried) return;
  is_tried = 1;
  for (size_t count = MOST_PAGES; count >= FEWEST_PAGES; count /= 2) {
    void *found = mmap(NULL, count * PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) continue;
    /* Whole pages of 2 MiB would be most of the program. */
    madvise(found, count * PAGE_BYTES, MADV_NOHUGEPAGE);
    pages = found;
    page_count = count;
    return;
  }
}

/* Whether there is another page for blocks of this size. */
static int add_page(size_t class) {
  reserve();
  if (used_pages == page_count) return 0;
  if (used_pages == usable_pages) {
    char *more = pages + usable_pages * PAGE_BYTES;
    if (mprotect(more, GROWTH_PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE) < 0) return 0;
    usable_pages += GROWTH_PAGES;
  }
  fresh[class] = pages + used_pages * PAGE_BYTES;
  fresh_end[class] = fresh[class] + PAGE_BYTES;
  class_of_page[used_pages++] = (uint8_t)class;
  return 1;
}

static void *small_block(size_t class) {
  Block *block = free_blocks[class];
  if (block) return free_blocks[class] = block->next, block;
  size_t size = class * STEP;
  if ((size_t)(fresh_end[class] - fresh[class]) < size && !add_page(class)) return NULL;
  void *made = fresh[class];
  fresh[class] += size;
  return made;
}

static void *allocate(JSMallocState *state, size_t size) {
  if (size == 0 || state->malloc_size + size > state->malloc_limit) return NULL;
  size_t class = class_of(size);
  void *made = class < CLASSES ? small_block(class) : NULL;
  if (made) size = class * STEP;
  else if (!(made = malloc(size))) return NULL;
  else size = usable(made);
  state->malloc_count++;
  state->malloc_size += size;
  return made;
}

static void release(JSMallocState *state, void *pointer) {
  if (!pointer) return;
  size_t size = usable(pointer);
  state->malloc_count--;
  state->malloc_size -= size;
  if (!is_small(pointer)) return free(pointer);
  Block *block = pointer;
  block->next = free_blocks[size / STEP];
  free_blocks[size / STEP] = block;
}

static void *resize(JSMallocState *state, void *pointer, size_t size) {
  if (!pointer) return allocate(state, size);
  if (size == 0) return release(state, pointer), NULL;
  size_t before = usable(pointer);
  if (is_small(pointer) && class_of(size) * STEP == before) return pointer;
  if (!is_small(pointer) && class_of(size) >= CLASSES) {
    if (state->malloc_size - before + size > state->malloc_limit) return NULL;
    void *moved = realloc(pointer, size);
    if (moved) state->malloc_size += usable(moved) - before;
    return moved;
  }
  void *moved = allocate(state, size);
  if (!moved) return NULL;
  memcpy(moved, pointer, before < size ? before : size);
  release(state, pointer);
  return moved;
}

const JSMallocFunctions allocator = {allocate, release, resize, usable};
