#include "tests/conformance/program.h"

int main(int argc, char** argv) { return ixylab::conformance::RunProgram(argc, argv); }
