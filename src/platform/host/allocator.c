/*
 * The allocator of the engine: free lists by size class in front of malloc. That of musl maps and unmaps memory at
 * every request, which costs more than the request. Only the engine's thread allocates here.
 */
#include <stdlib.h>
#include <string.h>

#include "host.h"

/* Blocks of 16, 32, … 512 bytes; larger ones go to malloc. Each has its size in front, so that it stays aligned. */
#define STEP 16
#define CLASSES 32
#define SLAB_BYTES 16384

typedef union Block {
  union Block *next;
  size_t size;
  char aligned[STEP];
} Block;

static Block *free_blocks[CLASSES];

static size_t class_of(size_t size) {
  return (size + STEP - 1) / STEP;
}

static Block *refill(size_t class) {
  size_t size = sizeof(Block) + class * STEP;
  char *slab = malloc(SLAB_BYTES);
  if (!slab) return NULL;
  for (size_t at = 0; at + size <= SLAB_BYTES; at += size) {
    Block *block = (Block *)(void *)(slab + at);
    block->next = free_blocks[class];
    free_blocks[class] = block;
  }
  return free_blocks[class];
}

static size_t usable(const void *pointer) {
  return pointer ? ((const Block *)pointer)[-1].size : 0;
}

static void *allocate(JSMallocState *state, size_t size) {
  if (size == 0 || state->malloc_size + size > state->malloc_limit) return NULL;
  size_t class = class_of(size);
  Block *block = class < CLASSES ? free_blocks[class] : malloc(sizeof(Block) + size);
  if (!block && class < CLASSES) block = refill(class);
  if (!block) return NULL;
  if (class < CLASSES) {
    free_blocks[class] = block->next;
    size = class * STEP;
  }
  block->size = size;
  state->malloc_count++;
  state->malloc_size += size;
  return block + 1;
}

static void release(JSMallocState *state, void *pointer) {
  if (!pointer) return;
  Block *block = (Block *)pointer - 1;
  size_t class = class_of(block->size);
  state->malloc_count--;
  state->malloc_size -= block->size;
  if (class >= CLASSES) return free(block);
  block->next = free_blocks[class];
  free_blocks[class] = block;
}

static void *resize(JSMallocState *state, void *pointer, size_t size) {
  if (!pointer) return allocate(state, size);
  if (size == 0) return release(state, pointer), NULL;
  size_t before = usable(pointer);
  if (class_of(size) == class_of(before) && class_of(size) < CLASSES) return pointer;
  if (class_of(size) >= CLASSES && class_of(before) >= CLASSES) {
    if (state->malloc_size - before + size > state->malloc_limit) return NULL;
    Block *block = realloc((Block *)pointer - 1, sizeof(Block) + size);
    if (!block) return NULL;
    block->size = size;
    state->malloc_size += size - before;
    return block + 1;
  }
  void *moved = allocate(state, size);
  if (!moved) return NULL;
  memcpy(moved, pointer, before < size ? before : size);
  release(state, pointer);
  return moved;
}

const JSMallocFunctions allocator = {allocate, release, resize, usable};
