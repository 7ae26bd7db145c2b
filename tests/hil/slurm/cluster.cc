#include "tests/hil/slurm/cluster.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>

#include "hil/files.h"
#include "hil/subprocess.h"
#include "tests/hil/processes.h"

namespace ixylab::hil {

namespace {

namespace fs = std::filesystem;
using std::chrono_literals::operator""s;

std::string Find(const std::string& program, const std::string& package) {
  const std::string path = FindInPath(program);
  if (!path.empty()) return path;
  throw std::runtime_error("cannot find " + program + " on the PATH: install Debian's " + package);
}

/// Short, for a socket's path has at most 107 bytes; and munged wants nobody else to write there.
fs::path MakeFolder() {
  std::string folder = "/tmp/ixylab-slurm-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) FailWithErrno(folder);
  return folder;
}

/// Ports that nobody listens on, and below those that the kernel gives to connections: each of
/// Slurm's messages is one, and would take one of these before its daemon does.
std::vector<int> FreePorts(std::size_t count) {
  std::random_device random;
  std::uniform_int_distribution<int> any(10'000, 32'000);
  std::vector<int> ports;
  std::vector<Descriptor> held;
  for (int tries = 0; ports.size() < count; ++tries) {
    held.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int port = any(random);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<in_port_t>(port));
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    if (bind(held.back().get(), generic, sizeof(address)) == 0) {
      ports.push_back(port);
    } else if (tries > 1000) {
      FailWithErrno("no free port");
    }
  }
  return ports;
}

/// Root whose groups cannot be changed, as in Bazel's sandbox, is none to Slurm's daemons, which do
/// that if they are root's. So this process becomes nobody, in a namespace of its own.
void BeNobodyIfRootIsNone() {
  std::string groups;
  std::ifstream("/proc/self/setgroups") >> groups;
  if (geteuid() != 0 || groups != "deny") return;
  if (unshare(CLONE_NEWUSER) != 0) FailWithErrno("a user namespace for Slurm");
  const std::string nobody = "65534 0 1";
  for (const char* map : {"/proc/self/uid_map", "/proc/self/gid_map"}) {
    if (!(std::ofstream(map) << nobody << std::flush)) FailWithErrno(map);
  }
}

std::string UserName() {
  const passwd* user = getpwuid(geteuid());
  if (user == nullptr) throw std::runtime_error("this user has no name: Slurm needs one");
  return user->pw_name;
}

pid_t Parent(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string stat;
  std::getline(file, stat);
  const std::size_t name_end = stat.rfind(") ");
  if (name_end == stat.npos) return 0;
  return static_cast<pid_t>(std::stol(stat.substr(name_end + 4)));
}

std::vector<std::string> Output(const std::vector<std::string>& command) {
  std::vector<std::string> lines;
  RunChild(command, 20s, [&](std::string_view line) { lines.emplace_back(line); });
  return lines;
}

}  // namespace

Cluster::Cluster() : folder_(MakeFolder()) {}

Cluster::Cluster(const std::vector<std::string>& nodes) : Cluster() {
  // What a daemon leaves becomes a child of ours.
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) FailWithErrno("PR_SET_CHILD_SUBREAPER");
  BeNobodyIfRootIsNone();
  const std::string munged = Find("munged", "munge");
  const std::string slurmctld = Find("slurmctld", "slurmctld");
  const std::string slurmd = Find("slurmd", "slurmd");
  Find("sinfo", "slurm-client");
  WriteConfiguration(nodes);
  const std::string configuration = folder_ / "slurm.conf";
  setenv("SLURM_CONF", configuration.c_str(), 1);

  const std::string prefix = folder_.string() + "/munge.";
  munged_ =
      Start("munged", {munged, "--foreground", "--num-threads=2", "--key-file=" + prefix + "key",
                       "--socket=" + prefix + "socket", "--pid-file=" + prefix + "pid",
                       "--log-file=" + prefix + "log", "--seed-file=" + prefix + "seed"});
  if (!Eventually([&] { return fs::exists(prefix + "socket"); })) {
    throw std::runtime_error("munged does not start: " + LastWords());
  }
  controller_ = Start("slurmctld", {slurmctld, "-D", "-f", configuration});
  for (const std::string& node : nodes) {
    nodes_[node] = Start(node, {slurmd, "-D", "-f", configuration, "-N", node});
  }
  if (!Eventually([&] { return AllIdle(nodes.size()); }, 60s)) {
    throw std::runtime_error("Slurm does not start: " + LastWords());
  }
}

Cluster::~Cluster() {
  nodes_.clear();
  controller_.reset();
  munged_.reset();
  Eventually([] {  // jobs, which their slurmd had started in groups of their own
    for (const pid_t child : Children(getpid())) {
      kill(child, SIGKILL);
      waitpid(child, nullptr, 0);
    }
    return Children(getpid()).empty();
  });
  std::error_code error;
  fs::remove_all(folder_, error);
  unsetenv("SLURM_CONF");
}

void Cluster::CutPower(const std::string& node, pid_t process) {
  std::vector<pid_t> processes;
  for (pid_t p = process; p > 1 && p != getpid(); p = Parent(p)) processes.push_back(p);
  nodes_.erase(node);
  for (const pid_t p : processes) kill(p, SIGKILL);
}

void Cluster::KillController() { controller_.reset(); }

std::vector<std::string> Cluster::Queue() const {
  return Output({Find("squeue", "slurm-client"), "--noheader"});
}

void Cluster::WriteConfiguration(const std::vector<std::string>& nodes) const {
  const std::string folder = folder_.string();
  const fs::path key = folder_ / "munge.key";
  std::array<char, 128> secret;
  if (getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) {
    FailWithErrno("getrandom");
  }
  std::ofstream(key, std::ios::binary).write(secret.data(), secret.size());
  fs::permissions(key, fs::perms::owner_read);
  // The folder is also the socket's, which all may use.
  fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  fs::create_directory(folder_ / "state");
  std::ofstream(folder_ / "cgroup.conf") << "CgroupPlugin=cgroup/v1\n";  // which does nothing

  const std::vector<int> ports = FreePorts(nodes.size() + 1);
  std::ofstream slurm(folder_ / "slurm.conf");
  slurm << "ClusterName=lab\nSlurmctldHost=localhost\nSlurmctldPort=" << ports.back()
        << "\nSlurmUser=" << UserName() << "\nSlurmdUser=" << UserName()
        << "\nAuthType=auth/munge\nCredType=cred/munge\nAuthInfo=socket=" << folder
        << "/munge.socket\nProctrackType=proctrack/linuxproc\nTaskPlugin=task/none\n"
           "MpiDefault=none\nSelectType=select/cons_tres\nSelectTypeParameters=CR_Core\n"
           "GresTypes=nic\nSlurmdParameters=config_overrides\n"
           // Quick: each second a look at the nodes and at the queue.
           "SlurmdTimeout=5\nMessageTimeout=5\nKillWait=2\n"
           "SchedulerParameters=sched_interval=1,bf_interval=1\n"
        << "StateSaveLocation=" << folder << "/state\nSlurmctldPidFile=" << folder
        << "/slurmctld.pid\nSlurmdSpoolDir=" << folder << "/spool-%n\nSlurmdPidFile=" << folder
        << "/slurmd-%n.pid\n";
  std::ofstream gres(folder_ / "gres.conf");
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    fs::create_directory(folder_ / ("spool-" + nodes[i]));
    slurm << "NodeName=" << nodes[i]
          << " NodeHostname=localhost NodeAddr=127.0.0.1 Port=" << ports[i]
          << " CPUs=4 Gres=nic:82599:2\n";
    gres << "NodeName=" << nodes[i] << " Name=nic Type=82599 Count=2\n";
  }
  slurm << "PartitionName=lab Nodes=ALL Default=YES MaxTime=60 State=UP\n";
  if (!(slurm << std::flush) || !(gres << std::flush)) FailWithErrno("cannot write in " + folder);
}

std::unique_ptr<Child> Cluster::Start(const std::string& name,
                                      std::vector<std::string> command) const {
  const std::string log = folder_ / (name + ".out");
  const Descriptor output(open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (output.get() < 0) FailWithErrno(log);
  return std::make_unique<Child>(command, output.get(), std::span<const int>(), signals_);
}

bool Cluster::AllIdle(std::size_t nodes) const {
  std::size_t idle = 0;
  for (const std::string& line : Output({FindInPath("sinfo"), "--noheader", "-N", "-o", "%T"})) {
    idle += line == "idle";
  }
  return idle == nodes;
}

/// Of each daemon.
std::string Cluster::LastWords() const {
  std::string words;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() != ".out") continue;
    std::ifstream file(entry.path());
    std::string last;
    for (std::string line; std::getline(file, line);) last = line;
    words += entry.path().stem().string() + ": " + last + "; ";
  }
  return words;
}

}  // namespace ixylab::hil
