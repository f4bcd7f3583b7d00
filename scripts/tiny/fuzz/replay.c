/* In the place of libFuzzer: runs the files that it is given, once each. For compilers that have no fuzzer. */
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_INPUT_BYTES 65536

int main(int argc, char **argv) {
  static uint8_t input[MAX_INPUT_BYTES];
  for (int i = 1; i < argc; i++) {
    FILE *file = fopen(argv[i], "rb");
    if (!file) return fprintf(stderr, "%s cannot be read\n", argv[i]), 1;
    size_t size = fread(input, 1, sizeof input, file);
    fclose(file);
    LLVMFuzzerTestOneInput(input, size);
  }
  return 0;
}
