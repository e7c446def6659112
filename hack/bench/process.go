package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"synccenter.dev/synccenter/internal/connector/ldap/slapdtest"
)

// cost is what something took, in seconds.
type cost struct{ Wall, CPU float64 }

func (c cost) plus(other cost) cost { return cost{c.Wall + other.Wall, c.CPU + other.CPU} }

// sample is what one process used.
type sample struct {
	cost
	told
	// servers is the CPU that the directory servers used meanwhile, in seconds.
	servers float64
}

// told is what a part of this program says of itself.
type told struct {
	// Peak is the most memory that was resident, in bytes.
	Peak   int64
	Phases map[string]cost
}

// measure runs a program to its end. Its output goes nowhere.
func measure(ctx context.Context, program string, arguments ...string) (sample, error) {
	return measureCommand(exec.CommandContext(ctx, program, arguments...))
}

// measurePart runs a part of this program.
func measurePart(ctx context.Context, arguments ...string) (sample, error) {
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	var output bytes.Buffer
	command := exec.CommandContext(ctx, self, arguments...)
	command.Stdout = &output
	s, err := measureCommand(command)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(output.Bytes(), &s.told)
}

func measureCommand(command *exec.Cmd) (sample, error) {
	var complaint bytes.Buffer
	command.Stderr = &complaint
	begin := time.Now()
	err := command.Run()
	wall := time.Since(begin)
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w: %s", command.Path, err, complaint.Bytes())
	}
	cpu := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	return sample{cost: cost{wall.Seconds(), cpu.Seconds()}}, nil
}

// withServers adds to a measurement what servers used meanwhile.
func withServers(measure func() (sample, error), servers ...*slapdtest.Server) func() (sample, error) {
	return func() (sample, error) {
		before, err := serverCPU(servers)
		if err != nil {
			return sample{}, err
		}
		s, err := measure()
		if err != nil {
			return s, err
		}
		after, err := serverCPU(servers)
		s.servers = after - before
		return s, err
	}
}

// ticks are what Linux counts the CPU of a process in, a second.
const ticks = 100

// serverCPU is the CPU that servers have used since they started.
func serverCPU(servers []*slapdtest.Server) (float64, error) {
	sum := 0
	for _, server := range servers {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", server.PID()))
		if err != nil {
			return 0, err
		}
		// The name of the program, which may hold anything, is in brackets; user and system time are fields 14 and 15.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, field := range fields[11:13] {
			count, err := strconv.Atoi(field)
			if err != nil {
				return 0, err
			}
			sum += count
		}
	}
	return float64(sum) / ticks, nil
}

// stopwatch splits the work of this process into phases.
type stopwatch struct {
	current string
	since   cost
	phases  map[string]cost
}

func newStopwatch() *stopwatch { return &stopwatch{phases: map[string]cost{}} }

// enter begins a phase and ends the one before. A phase may be entered again.
func (s *stopwatch) enter(name string) {
	now := spent()
	if s.current != "" {
		s.phases[s.current] = s.phases[s.current].plus(cost{now.Wall - s.since.Wall, now.CPU - s.since.CPU})
	}
	s.current, s.since = name, now
}

// tell ends the last phase and says everything to the process that measures this one.
func (s *stopwatch) tell() error {
	s.enter("")
	peak, err := peakMemory()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(told{Peak: peak, Phases: s.phases})
}

var started = time.Now()

// spent is what this process has used until now.
func spent() cost {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // the arguments are constants
	}
	cpu := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return cost{time.Since(started).Seconds(), cpu.Seconds()}
}

// peakMemory is the most that was resident of this process. What wait says of a child counts its parent's memory before the exec, too.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if size, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(size), "kB")), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, errors.New("this system does not say how much memory a process used")
}
