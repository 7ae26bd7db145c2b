// The one program that goes to where devices are: the conformance suite, and what else hil does
// there.
//
//   agent suite ...    the conformance suite
#include <cstdio>
#include <string_view>

#include "tests/conformance/program.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "suite") {
    return ixylab::conformance::RunProgram(argc - 1, argv + 1);
  }
  std::fputs("agent: hil starts it; agent suite --help\n", stderr);
  return 2;
}
