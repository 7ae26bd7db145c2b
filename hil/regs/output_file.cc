#include "hil/regs/output_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "hil/regs/dump.h"

namespace ixylab::hil {

namespace {

[[noreturn]] void Fail(const std::string& path) {
  throw RegsError("cannot write " + path + ": " + strerror(errno));
}

}  // namespace

OutputFile::OutputFile(std::string path)
    : path_(std::move(path)), was_there_(std::filesystem::exists(path_)) {
  if (!std::ofstream(path_, std::ios::app)) Fail(path_);
}

OutputFile::~OutputFile() {
  std::error_code nobody_to_tell;
  if (!written_ && !was_there_) std::filesystem::remove(path_, nobody_to_tell);
}

void OutputFile::Write(std::string_view text) {
  std::ofstream file(path_, std::ios::binary);
  if (!(file << text << std::flush)) Fail(path_);
  written_ = true;
}

}  // namespace ixylab::hil
