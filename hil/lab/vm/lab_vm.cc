#include "hil/lab/vm/lab_vm.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include "hil/files.h"
#include "hil/process.h"
#include "hil/subprocess.h"

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kGuest =
#include "hil/lab/vm/guest.inc"
    ;
constexpr std::string_view kHostKey = "host key: ";  // what the guest says when it listens

constexpr off_t kDiskBytes = 256 << 20;  // of which the file has what the guest has written
constexpr std::chrono::seconds kKeygenDeadline{20};
constexpr std::chrono::seconds kSshDeadline{60};
constexpr std::chrono::seconds kSshTry{10};
constexpr std::chrono::milliseconds kSshInterval{100};
constexpr std::chrono::hours kForever{24 * 365};

/// The user's, or a private one that goes away with this object.
class Folder {
 public:
  explicit Folder(const std::string& path) : temporary_(path.empty()) {
    if (temporary_) {
      path_ = (fs::temp_directory_path() / "ixylab-lab-XXXXXX").string();
      if (mkdtemp(path_.data()) == nullptr) FailWithErrno("cannot make a folder " + path_);
    } else {
      fs::create_directories(path);
      path_ = fs::canonical(path).string();
    }
  }
  ~Folder() {
    std::error_code ignored;
    if (temporary_) fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string File(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  const bool temporary_;
  std::string path_;
};

/// A port of 127.0.0.1 that nobody is given while it is kept: bound, and shared with who listens.
class LoopbackPort {
 public:
  LoopbackPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(socket_.get(), any, size) != 0 || getsockname(socket_.get(), any, &size) != 0) {
      FailWithErrno("no port of 127.0.0.1");
    }
    number_ = ntohs(address.sin_port);
  }
  std::uint16_t number() const { return number_; }

 private:
  Descriptor socket_;
  std::uint16_t number_ = 0;
};

std::string ReadLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) FailWithErrno("cannot read " + path);
  return line;
}

/// Whoever sees the file sees all of it.
void WriteFile(const std::string& path, const std::string& text) {
  const std::string half = path + ".new";
  std::ofstream file(half, std::ios::binary);
  if (!(file << text << std::flush) || rename(half.c_str(), path.c_str()) != 0) {
    FailWithErrno("cannot write " + path);
  }
}

/// Throws if another machine has it.
Descriptor OpenDisk(const Folder& folder) {
  Descriptor disk(open(folder.File("disk").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (disk.get() < 0) FailWithErrno("cannot open " + folder.File("disk"));
  if (flock(disk.get(), LOCK_EX | LOCK_NB) != 0) {
    throw std::runtime_error(folder.path() + ": a machine that runs has this folder");
  }
  if (ftruncate(disk.get(), kDiskBytes) != 0) FailWithErrno("cannot make " + folder.File("disk"));
  return disk;
}

std::string ProgramOfSsh(const std::string& name) {
  const std::string path = FindInPath(name);
  if (path.empty()) {
    throw std::runtime_error("no " + name + ". Try: apt-get install openssh-client");
  }
  return path;
}

/// The public half of the folder's key, which is made if there is none.
std::string PublicKey(const Folder& folder) {
  const std::string key = folder.File("key");
  if (!fs::exists(key)) {
    std::string said;
    const ChildResult result = RunChild(
        {ProgramOfSsh("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "hil", "-f", key},
        kKeygenDeadline, [&](std::string_view line) { said = line; });
    if (result.end != ChildResult::End::kExited || result.code != 0) {
      throw std::runtime_error("ssh-keygen makes no key: " + said);
    }
  }
  return ReadLine(key + ".pub");
}

std::vector<std::string> SshOptions(const std::string& folder) {
  return {"UserKnownHostsFile=\"" + folder + "/known_hosts\"", "StrictHostKeyChecking=yes",
          "IdentitiesOnly=yes"};
}

std::vector<std::string> SshCommand(const std::string& folder, std::uint16_t port) {
  std::vector<std::string> command = {ProgramOfSsh("ssh"), "-p", std::to_string(port), "-i",
                                      folder + "/key"};
  for (const std::string& option : SshOptions(folder)) {
    command.insert(command.end(), {"-o", option});
  }
  command.emplace_back("root@127.0.0.1");
  return command;
}

/// Until a command runs there. False if the user interrupted it.
bool AwaitSsh(const std::string& folder, std::uint16_t port) {
  std::vector<std::string> command = SshCommand(folder, port);
  command.insert(command.end() - 1, {"-o", "BatchMode=yes", "-o", "ConnectTimeout=5"});
  command.emplace_back("true");
  const Clock::time_point end = Clock::now() + kSshDeadline;
  std::string said;
  while (Clock::now() < end) {
    const ChildResult result =
        RunChild(command, kSshTry, [&](std::string_view line) { said = line; });
    if (result.end == ChildResult::End::kInterrupted) return false;
    if (result.end == ChildResult::End::kExited && result.code == 0) return true;
    std::this_thread::sleep_for(kSshInterval);
  }
  throw std::runtime_error("the machine is up and does not answer over SSH: " + said);
}

void PrintUse(const std::string& folder, std::uint16_t port, const std::string& lab_file) {
  std::printf(
      "A lab machine is up, whose two 82599 ports are modelled. In another terminal:\n"
      "    hil lab check --lab=%s\n"
      "    hil run --lab=%s --target=lab:%s\n"
      "   ",
      lab_file.c_str(), lab_file.c_str(), kLabVmName);
  for (const std::string& word : SshCommand(folder, port)) {
    std::printf(word.find('"') == word.npos ? " %s" : " '%s'", word.c_str());
  }
  std::printf("\nCtrl-C ends it.\n");
  std::fflush(stdout);
}

/// Gives whether all was well with the NIC process; if not, says what it had to say.
bool PrintReport(const NicReport& report) {
  if (report.problems.empty()) return true;
  for (const auto* lines : {&report.log, &report.problems}) {
    for (const std::string& line : *lines) std::fprintf(stderr, "%s\n", line.c_str());
  }
  return false;
}

}  // namespace

std::string LabVmFile(const std::string& folder, std::uint16_t port, bool iommu) {
  toml::array ssh_options;
  for (const std::string& option : SshOptions(folder)) ssh_options.push_back(option);
  const auto lab_port = [](std::string_view address, const char* cable) {
    return toml::table{
        {"address", address}, {"cable", cable}, {"speed", 10}, {"sfp", "10GBASE-SR"}};
  };
  const toml::table machine{{"host", "127.0.0.1"},
                            {"ssh_port", port},
                            {"user", "root"},
                            {"key", folder + "/key"},
                            {"ssh_options", ssh_options},
                            {"iommu", iommu},
                            {"notes", "a VM with two modelled ports"},
                            {"port", toml::table{{"a", lab_port(kNicAddresses[0], "b")},
                                                 {"b", lab_port(kNicAddresses[1], "a")}}}};
  std::ostringstream text;
  text << toml::table{{"machine", toml::table{{kLabVmName, machine}}}} << "\n";
  return text.str();
}

int RunLabVm(const LabVmOptions& options) {
  const Folder folder(options.folder);
  const Descriptor disk = OpenDisk(folder);
  const std::string lab_file =
      options.lab_file.empty() ? folder.File("lab.toml") : fs::absolute(options.lab_file).string();
  fs::remove(lab_file);  // of a machine that is gone
  const std::string key = PublicKey(folder);
  const LoopbackPort port;

  VmOptions vm = options.vm;
  vm.ssh_port = port.number();
  vm.disk = disk.get();
  vm.huge_pages = 0;
  vm.deadline = kForever;
  // Those for UIO and VFIO are there to be loaded.
  vm.modules = {"virtio_net", "virtio_blk", "crc32c_generic", "ext4", "ixgbe"};
  std::string said;
  const VmResult result =
      RunInVm(vm, {}, {"sh", "-c", std::string(kGuest), "guest", key}, [&](std::string_view line) {
        said = line;
        if (!line.starts_with(kHostKey)) return;
        line.remove_prefix(kHostKey.size());
        WriteFile(folder.File("known_hosts"),
                  "[127.0.0.1]:" + std::to_string(port.number()) + " " + std::string(line) + "\n");
        if (!AwaitSsh(folder.path(), port.number())) {
          kill(getpid(), SIGTERM);  // for the VM, which is not asked until this returns
          return;
        }
        WriteFile(lab_file, LabVmFile(folder.path(), port.number(), options.iommu));
        PrintUse(folder.path(), port.number(), lab_file);
      });
  const bool well = PrintReport(result.nic);
  if (result.end == VmResult::End::kInterrupted) return well ? 0 : 1;
  throw std::runtime_error(result.end == VmResult::End::kExited
                               ? "the machine's SSH server ended: " + said
                               : result.reason);
}

}  // namespace ixylab::hil
