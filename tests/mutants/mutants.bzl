"""The mutants: single faults in the driver or on its bus, and the test that must find each."""

# A fault of the driver: in `file` of driver/ixgbe, `old` (which stands there once) becomes `new`.
# "(ixy)" marks one that ixy has.
DRIVER_MUTANTS = [
    # What ixy does.
    dict(
        name = "queues_share_state",
        what = "the buffer tables of queues overlap (ixy issue 30)",
        file = "queue.h",
        old = "std::unique_ptr<PacketBuffer*[]> buffers;",
        new = """struct Overlapping {
    Overlapping(std::unique_ptr<PacketBuffer*[]> own) : table(Next()) {}
    static PacketBuffer** Next() {
      static PacketBuffer* tables[1 << 16];
      static std::size_t made = 0;
      return tables + 8 * made++;
    }
    PacketBuffer** get() const { return table; }
    PacketBuffer*& operator[](std::size_t i) const { return table[i]; }
    PacketBuffer** table;
  } buffers;""",
        killed_by = "Queues.EachTransmitQueueKeepsItsOrder",
    ),
    dict(
        name = "waits_for_ever",
        what = "a wait for a register bit has no deadline (ixy)",
        file = "ixgbe_device.h",
        old = "return WaitUntil(bus_, timeout,",
        new = "return WaitUntil(bus_, std::chrono::hours(876000),",
        killed_by = "OpenErrors.EveryWaitEnds",
    ),

    # Rings and tails.
    dict(
        name = "ring_high_dropped",
        what = "the high half of a ring's address is not written",
        file = "ixgbe_device.h",
        old = "static_cast<std::uint32_t>(ring.iova() >> 32)",
        new = "0",
        killed_by = "BringUp.FirstFrameInEachDirection",
    ),
    dict(
        name = "ring_low_dropped",
        what = "the low half of a ring's address is not written",
        file = "ixgbe_device.h",
        old = "static_cast<std::uint32_t>(ring.iova())",
        new = "0",
        killed_by = "BringUp.FirstFrameInEachDirection",
    ),
    dict(
        name = "ring_halved",
        what = "a ring's length is told as half of what it is",
        file = "ixgbe_device.h",
        old = "Write(length, ring.bytes());",
        new = "Write(length, ring.bytes() / 2);",
        killed_by = "Batches.EverySizeFrom1To512",
    ),
    dict(
        name = "tdlen_off_by_4",
        what = "TDLEN's offset is 4 too high",
        file = "registers.h",
        old = "TDLEN{\"TDLEN\", 0x06008",
        new = "TDLEN{\"TDLEN\", 0x0600C",
        killed_by = "BringUp.FirstFrameInEachDirection",
    ),
    dict(
        name = "receive_tail_ahead",
        what = "the receive tail is one too far: head = tail means no descriptor",
        file = "queue.h",
        old = "return tail_.Ring(next_ - 1, received);",
        new = "return tail_.Ring(next_ & ring_.mask, received);",
        killed_by = "Of/Rings.WrapMoreThanTenTimes/64",
    ),
    dict(
        name = "receive_tail_of_queue_0",
        what = "all receive queues write queue 0's tail",
        file = "ixgbe_device.h",
        old = "Doorbell(bus_, RDT[n].offset)",
        new = "Doorbell(bus_, RDT[0].offset)",
        killed_by = "Queues.FlowsStickToTheirQueueInOrder",
    ),
    dict(
        name = "transmit_tail_behind",
        what = "the transmit tail is one short: the last frame stays",
        file = "queue.h",
        old = "return tail_.Ring(next_, packets.size());",
        new = "return tail_.Ring((next_ - 1) & ring_.mask, packets.size());",
        killed_by = "BringUp.FirstFrameInEachDirection",
    ),
    dict(
        name = "transmit_tail_of_queue_0",
        what = "all transmit queues write queue 0's tail",
        file = "ixgbe_device.h",
        old = "Doorbell(bus_, TDT[n].offset)",
        new = "Doorbell(bus_, TDT[0].offset)",
        killed_by = "Queues.EachTransmitQueueKeepsItsOrder",
    ),
    dict(
        name = "full_ring_overfilled",
        what = "a full transmit ring takes one more frame: tail = head, an empty ring",
        file = "queue.h",
        old = "const std::size_t room = ring_.mask - InFlight();",
        new = "const std::size_t room = ring_.mask + 1 - InFlight();",
        killed_by = "BackPressure.FullRingLeavesTheRestToTheCaller",
    ),
    dict(
        name = "receive_ring_not_started",
        what = "the receive ring is never handed to the chip",
        file = "ixgbe_device.h",
        old = "receive_[n].Start();",
        new = "",
        killed_by = "BringUp.FirstFrameInEachDirection",
    ),

    # Descriptors.
    dict(
        name = "dd_ignored_on_receive",
        what = "receive does not look at DD",
        file = "queue.h",
        old = "inline constexpr std::uint64_t kReceivedWhole = kReceiveDone | kReceiveEndOfPacket;",
        new = "inline constexpr std::uint64_t kReceivedWhole = 0;",
        killed_by = "BringUp.NothingArrivesUnasked",
    ),
    dict(
        name = "dd_ignored_on_transmit",
        what = "transmit does not look at DD: buffers are freed too early",
        file = "queue.h",
        old = "(ring_.descriptors[first_ + kCleanBatch - 1].Status() & kTransmitDone) != 0",
        new = "true",
        killed_by = "BackPressure.FramesOfferedWithoutALink",
    ),
    dict(
        name = "rs_never_set",
        what = "no descriptor asks for a report: RS is never set",
        file = "queue.h",
        old = "high |= kReportStatus;",
        new = "high |= 0;",
        killed_by = "Of/Rings.WrapMoreThanTenTimes/64",
    ),
    dict(
        name = "eop_forgotten",
        what = "frames have no end: EOP is not set",
        file = "queue.h",
        old = " | 1u << 24",
        new = "",
        killed_by = "BringUp.FirstFrameInEachDirection",
    ),
    dict(
        name = "ifcs_forgotten",
        what = "the MAC appends no CRC: IFCS is not set",
        file = "queue.h",
        old = " | 1u << 25",
        new = "",
        killed_by = "BringUp.FirstFrameInEachDirection",
    ),
    dict(
        name = "receive_length_with_crc",
        what = "received lengths are 4 too long",
        file = "queue.h",
        old = "return status >> 32 & 0xFFFF;",
        new = "return (status >> 32 & 0xFFFF) + 4;",
        killed_by = "Frames.EveryLengthFrom60To1514",
    ),
    dict(
        name = "transmit_length_bit_dropped",
        what = "bit 10 of a frame's length is lost",
        file = "queue.h",
        old = "return kTransmitCommand + size * (1 | std::uint64_t{1} << 46);",
        new = "return kTransmitCommand + (size & ~std::uint64_t{1024}) * (1 | std::uint64_t{1} << 46);",
        killed_by = "Frames.EveryLengthFrom60To1514",
    ),

    # Buffers.
    dict(
        name = "buffer_not_replaced",
        what = "a received buffer stays in its descriptor as well",
        file = "queue.h",
        old = "descriptors[i].Give(replacement->iova);",
        new = "descriptors[i].Give(packet->iova);",
        killed_by = "Buffers.ReceivedBufferIsTheCallersUntilFreed",
    ),
    dict(
        name = "buffer_of_1_kib",
        what = "a bit of SRRCTL is wrong: BSIZEPACKET is 1 KiB, longer frames come in pieces",
        file = "registers.h",
        old = "SRRCTL_BSIZEPACKET_2K = 2;",
        new = "SRRCTL_BSIZEPACKET_2K = 1;",
        killed_by = "Frames.EveryLengthFrom60To1514",
    ),
    dict(
        name = "leak_on_close_receive",
        what = "closing keeps the receive rings' buffers",
        file = "ixgbe_device.h",
        old = "for (auto& queue : receive_) queue.Clear();",
        new = "",
        killed_by = "Lifecycle.ClosingReturnsBuffersInFlight",
    ),
    dict(
        name = "leak_on_close_transmit",
        what = "closing keeps the buffers of frames in flight",
        file = "ixgbe_device.h",
        old = "for (auto& queue : transmit_) queue.Clear();",
        new = "",
        killed_by = "Lifecycle.ClosingReturnsBuffersInFlight",
    ),
    dict(
        name = "close_without_reset",
        what = "closing does not stop the chip, whose DMA goes on",
        file = "ixgbe_device.h",
        old = """      DisableMaster();
      ResetOnce(CTRL_RST);""",
        new = "",
        killed_by = "Lifecycle.NoDmaAfterClose",
    ),

    # Frames and filters.
    dict(
        name = "long_frames_accepted",
        what = "frames of up to 1,518 bytes are taken",
        file = "queue.h",
        old = "longest_(config.max_frame_size)",
        new = "longest_(config.max_frame_size + 4)",
        killed_by = "RefusedFrames.LongerThanTheLongest",
    ),
    dict(
        name = "empty_frames_accepted",
        what = "frames of 0 bytes are taken",
        file = "queue.h",
        old = "if (size - 1 >= longest_) [[unlikely]]",
        new = "if (size > longest_) [[unlikely]]",
        killed_by = "RefusedFrames.Empty",
    ),
    dict(
        name = "accepted_one_too_many",
        what = "FrameError counts the bad frame as accepted",
        file = "queue.h",
        old = "                     bad);\n",
        new = "                     bad + 1);\n",
        killed_by = "RefusedFrames.AtEveryPlaceInABatch",
    ),
    dict(
        name = "crc_not_stripped",
        what = "the CRC is left on: HLREG0.RXCRCSTRP is cleared",
        file = "ixgbe_device.h",
        old = "Set(HLREG0, HLREG0_RXCRCSTRP);",
        new = "Clear(HLREG0, HLREG0_RXCRCSTRP);",
        killed_by = "Frames.EveryLengthFrom60To1514",
    ),
    dict(
        name = "no_padding",
        what = "short frames are not padded: HLREG0.TXPADEN is cleared",
        file = "ixgbe_device.h",
        old = "Set(HLREG0, HLREG0_TXCRCEN | HLREG0_TXPADEN);",
        new = "Clear(HLREG0, HLREG0_TXPADEN);",
        killed_by = "Frames.EveryShortLengthArrives",
    ),
    dict(
        name = "upe_wrong_bit",
        what = "promiscuous mode sets another bit than UPE",
        file = "registers.h",
        old = "FCTRL_UPE = Bit(9)",
        new = "FCTRL_UPE = Bit(7)",
        killed_by = "Filters.PromiscuousTakesAll",
    ),
    dict(
        name = "promiscuous_stays",
        what = "SetPromiscuous(false) does nothing",
        file = "ixgbe_device.h",
        old = ": Clear(FCTRL, bits);",
        new = ": void();",
        killed_by = "Filters.PromiscuousIsSwitchedWhileOpen",
    ),
    dict(
        name = "multicast_stays",
        what = "SetPromiscuous(false) leaves MPE set: all multicast is accepted",
        file = "ixgbe_device.h",
        old = ": Clear(FCTRL, bits);",
        new = ": Clear(FCTRL, FCTRL_UPE);",
        killed_by = "Filters.PromiscuousIsSwitchedWhileOpen",
    ),
    dict(
        name = "no_broadcast",
        what = "FCTRL.BAM is not set",
        file = "ixgbe_device.h",
        old = "Set(FCTRL, FCTRL_BAM);",
        new = "Clear(FCTRL, FCTRL_BAM);",
        killed_by = "Filters.BroadcastArrives",
    ),
    dict(
        name = "mac_swapped_on_write",
        what = "the first four bytes of a new MAC address are written in the wrong order",
        file = "ixgbe_device.h",
        old = "Write(RAL[0], words[0]);",
        new = "Write(RAL[0], __builtin_bswap32(words[0]));",
        killed_by = "Filters.NewAddressTakesThePlaceOfTheOld",
    ),
    dict(
        name = "mac_swapped_on_read",
        what = "the first four bytes of the MAC address are read in the wrong order",
        file = "ixgbe_device.h",
        old = "const std::uint64_t bytes = ReadPair(RAL[0], RAH[0]);",
        new = """const std::uint64_t right = ReadPair(RAL[0], RAH[0]);
    const std::uint64_t bytes = (right >> 32 << 32) | __builtin_bswap32(right);""",
        killed_by = "Filters.OwnAddressArrives",
    ),
    dict(
        name = "rah_without_av",
        what = "a new MAC address is written without RAH.AV",
        file = "ixgbe_device.h",
        old = "words = {0, RAH_AV};",
        new = "words = {0, 0};",
        killed_by = "Filters.NewAddressTakesThePlaceOfTheOld",
    ),
    dict(
        name = "reta_not_spread",
        what = "RETA sends all flows to queue 0",
        file = "options.cc",
        old = "(4 * n + i) % queues",
        new = "std::uint32_t{0}",
        killed_by = "Queues.FlowsStickToTheirQueueInOrder",
    ),

    # Statistics.
    dict(
        name = "bytes_with_crc",
        what = "bytes sent include the CRC",
        file = "ixgbe_device.h",
        old = "- transmitted * kCrcSize",
        new = "",
        killed_by = "Counters.ExactInBothDirections",
    ),
    dict(
        name = "missed_forgotten",
        what = "frames dropped for want of a descriptor are not counted",
        file = "ixgbe_device.h",
        old = "totals_.missed_packets += Read(QPRDC[0]);",
        new = "",
        killed_by = "SlowReader.SentIsReceivedPlusMissed",
    ),
    dict(
        name = "totals_not_cleared",
        what = "ResetStatistics keeps the totals",
        file = "ixgbe_device.h",
        old = """    ReadStatistics();
    totals_ = {};""",
        new = "    ReadStatistics();",
        killed_by = "Counters.ResetStartsAtZeroAgain",
    ),
    dict(
        name = "counters_not_cleared",
        what = "ResetStatistics does not read the chip's counters, which keep what they have",
        file = "ixgbe_device.h",
        old = """    ReadStatistics();
    totals_ = {};""",
        new = "    totals_ = {};",
        killed_by = "Counters.ResetForgetsWhatWasNeverRead",
    ),

    # Link, EEPROM, configuration.
    dict(
        name = "laser_left_off",
        what = "the laser is switched off: SDP3 is set",
        file = "ixgbe_device.h",
        old = "(Read(ESDP) & ~ESDP_SDP3)",
        new = "(Read(ESDP) | ESDP_SDP3)",
        killed_by = "BringUp.LinkComesUp",
    ),
    dict(
        name = "link_always_up",
        what = "Link() does not look at LINKS.UP",
        file = "ixgbe_device.h",
        old = "if ((links & LINKS_UP) == 0) return {};",
        new = "",
        killed_by = "Link.GoesDownAndUpOnBothSides",
    ),
    dict(
        name = "link_timeout_ignored",
        what = "WaitForLink waits for its own time, not the caller's",
        file = "ixgbe_device.h",
        old = "return Poll(LINKS, LINKS_UP, LINKS_UP, timeout);",
        new = "return Poll(LINKS, LINKS_UP, LINKS_UP, 10 * kDeadline);",
        killed_by = "Link.WaitingForItEndsAtTheDeadline",
    ),
    dict(
        name = "eeprom_shifted",
        what = "EEPROM words are read one bit off",
        file = "option_registers.h",
        old = "EERD_DATA_SHIFT = 16;",
        new = "EERD_DATA_SHIFT = 15;",
        killed_by = "BringUp.LinkComesUp",
    ),
]

# Faults around the driver, in parts that the suite uses itself or other drivers share: each is a
# program of its own, with `file` of driver/ changed. `deps` are that file's.
PART_MUTANTS = [
    dict(
        name = "odd_rings_accepted",
        what = "ring sizes need not be a power of two",
        file = "checks.cc",
        header = "checks.h",
        deps = ["//driver:bus", "//driver:device"],
        old = "|| !std::has_single_bit(entries)",
        new = "",
        killed_by = "OpenErrors.RingSizes",
    ),
    dict(
        name = "buffers_of_1984_bytes",
        what = "the chip is told 2 KiB where 1,984 bytes are (ixy)",
        file = "memory_pool.cc",
        header = "memory_pool.h",
        deps = ["//driver:bus"],
        old = "i % per_page * stride;",
        new = "i % per_page * (stride - 128);",
        killed_by = "Buffers.EachHasItsCapacityToItself",
    ),
]

# The same for the virtio driver: `file` of driver/virtio; `target` is the device on which the test
# must find it.
VIRTIO_MUTANTS = [
    dict(
        name = "control_used_index",
        what = "the control queue looks for the answer one entry too far in the used ring (ixy)",
        target = "model:virtio-net",
        file = "control_queue.h",
        old = "ring_.CountUsed(at_, 1) == 0",
        new = "ring_.CountUsed(at_ + 1, 1) == 0",
        killed_by = "Filters.PromiscuousIsSwitchedWhileOpen",
    ),
    dict(
        name = "control_index_wraps_with_ring",
        what = "the control queue counts modulo its size, its indices count modulo 65,536",
        target = "model:virtio-net,legacy",
        file = "split_ring.h",
        old = "return position + 1;",
        new = "return (position + 1) % entries_;",
        killed_by = "Filters.PromiscuousIsSwitchedVeryOften",
    ),
    dict(
        name = "control_queue_behind_one_pair",
        what = "the control queue is queue 2, however many pairs the device has",
        target = "model:virtio-net",
        file = "virtio.cc",
        old = "static_cast<std::uint16_t>(2 * most)",
        new = "static_cast<std::uint16_t>(2 * 1)",
        killed_by = "Queues.EachTransmitQueueKeepsItsOrder",
    ),
    dict(
        name = "one_pair_used",
        what = "the device is not told how many queue pairs are in use",
        target = "model:virtio-net",
        file = "virtio.cc",
        old = "if (config.pools.size() > 1) UseQueues",
        new = "if (config.pools.size() > 1000) UseQueues",
        killed_by = "Queues.FlowsStickToTheirQueueInOrder",
    ),
    dict(
        name = "event_index_off_by_one",
        what = "a notification is suppressed once too often: avail_event itself does not count",
        target = "model:virtio-net",
        file = "split_ring.h",
        old = "static_cast<std::uint16_t>(to - event - 1)",
        new = "static_cast<std::uint16_t>(to - event)",
        killed_by = "Counters.ExactAfterEveryFrame",
    ),
    dict(
        name = "packed_wrap_kept",
        what = "a receive buffer of a packed ring comes back with the wrap counter of its own lap",
        target = "model:virtio-net,packed",
        file = "packed_ring.h",
        old = "ring.Available(position + ring.entries_)",
        new = "ring.Available(position)",
        killed_by = "Of/Rings.WrapMoreThanTenTimes/64",
    ),
    dict(
        name = "packed_used_not_compared",
        what = "only the used flag of a packed descriptor is looked at, not against the wrap counter",
        target = "model:virtio-net,packed",
        file = "packed_ring.h",
        old = "const std::uint16_t used = FirstOfTwoLaps(position) ? kBoth : 0;",
        new = "const std::uint16_t used = kBoth;",
        killed_by = "Of/Rings.WrapMoreThanTenTimes/64",
    ),
    dict(
        name = "header_counted",
        what = "received lengths include the header",
        target = "model:virtio-net,modern",
        file = "queue.h",
        old = "length - header_bytes",
        new = "length",
        killed_by = "Frames.EveryLengthFrom60To1514",
    ),
    dict(
        name = "queue_address_in_bytes",
        what = "a legacy queue's address is told in units of 2,048 bytes",
        target = "model:virtio-net,legacy",
        file = "registers.h",
        old = "kQueueAddressShift = 12;",
        new = "kQueueAddressShift = 11;",
        killed_by = "BringUp.FirstFrameInEachDirection",
    ),
    dict(
        name = "close_without_virtio_reset",
        what = "closing does not reset the device, whose DMA goes on",
        target = "model:virtio-net,packed",
        file = "virtio.cc",
        old = "  try {\n    transport_->Reset();\n  } catch",
        new = "  try {\n  } catch",
        killed_by = "Lifecycle.NoDmaAfterClose",
    ),
]

# Faults of the bus, by name in mutant_bus.cc.
BUS_MUTANTS = [
    dict(
        name = "bit_dropped",
        what = "bit 5 of every write to a tail is lost",
        killed_by = "Of/Rings.WrapMoreThanTenTimes/64",
    ),
    dict(
        name = "offset_off_by_4",
        what = "receive ring addresses are written 4 bytes too high",
        killed_by = "BringUp.FirstFrameInEachDirection",
    ),
    dict(
        name = "doorbell_lost",
        what = "each 16th write to a tail is lost",
        killed_by = "Buffers.DeviceWritesTheFrameAndNothingBehindIt",
    ),
    dict(
        name = "write_back_too_early",
        what = "a frame's descriptor is written back before its data",
        killed_by = "Frames.PatternsArriveUnchanged",
    ),
    dict(
        name = "counter_not_cleared_by_reading",
        what = "counters keep their value when they are read",
        killed_by = "Counters.ReadingChangesNothing",
    ),
    dict(
        name = "reset_ignored",
        what = "CTRL.RST and CTRL.LNK_RST are lost: nothing is reset",
        killed_by = "Filters.NewAddressEndsWithReopening",
    ),
    dict(
        name = "reset_never_ends",
        what = "CTRL.RST stays set",
        killed_by = "BringUp.LinkComesUp",
    ),
]
