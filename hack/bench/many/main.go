// Command many measures the manager with many tasks and a long history, and prints a page of figures, docs/performance-manager.md.
//
//	many -program SYNCCENTER [-tasks 5000] [-runs 20] [-namespaces 50] [-due 1000]
//
// It starts a real etcd and kube-apiserver, fills them, and starts the manager as a process of its own. There is no Job controller
// and no kubelet: Jobs are made, and no pods.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"synccenter.dev/synccenter/test/apiserver"
)

// size is how much of everything there is.
type size struct{ tasks, runs, namespaces, due int }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var s size
	program := flag.String("program", "", "the program synccenter")
	flag.IntVar(&s.tasks, "tasks", 5000, "how many tasks")
	flag.IntVar(&s.runs, "runs", 20, "how many finished runs each has")
	flag.IntVar(&s.namespaces, "namespaces", 50, "over how many namespaces they are spread")
	flag.IntVar(&s.due, "due", 1000, "how many tasks are due in one minute")
	flag.Parse()
	if err := measure(ctx, *program, s); err != nil {
		fmt.Fprintln(os.Stderr, "many:", err)
		os.Exit(1)
	}
}

// measure fills a server, looks at a manager, and prints the page.
func measure(ctx context.Context, program string, s size) (err error) {
	ctrllog.SetLogger(logr.Discard())
	server, err := apiserver.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	f := &figures{size: s, Load: loadAverage()}
	begin := time.Now()
	if err := fill(ctx, server, s); err != nil {
		return fmt.Errorf("filling the API server: %w", err)
	}
	say("%d tasks with %d runs each after %.0f s", s.tasks, s.runs, time.Since(begin).Seconds())

	requests, err := newRequestLog(server)
	if err != nil {
		return err
	}
	m, err := f.startTwice(ctx, server, program, requests)
	if err != nil {
		return fmt.Errorf("the manager's start: %w", err)
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	if err := f.measureRest(ctx, m, requests); err != nil {
		return fmt.Errorf("the manager at rest: %w", err)
	}
	if err := f.measureDue(ctx, server, m, requests); err != nil {
		return fmt.Errorf("tasks that are due: %w", err)
	}
	return f.print(os.Stdout)
}

// say tells a person what goes on.
func say(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", arguments...)
}
