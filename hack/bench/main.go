// Command bench measures Sync Center against plain tools on one machine and prints a page of figures, docs/performance.md.
//
//	bench -generator DIRECTORYGEN [-users 10000,100000]
//
// What is measured runs in a process of its own, so that time, CPU and memory are its alone: this program again, with the name of a
// part as its first argument, or ldapsearch. The directories are real OpenLDAP servers on the same machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// parts are what runs in a process of its own.
var parts = map[string]func(ctx context.Context, arguments []string) error{
	"run":     runPart,
	"load":    loadPart,
	"wire":    wirePart,
	"entries": entriesPart,
	"go-ldap": goLDAPPart,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := start(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, arguments []string) error {
	if len(arguments) > 0 {
		if part, ok := parts[arguments[0]]; ok {
			return part(ctx, arguments[1:])
		}
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	users := flags.String("users", "10000,100000", "sizes of the company, one after the other")
	departments := flags.Int("departments", 1000, "how many departments")
	generator := flags.String("generator", "", "the program directorygen")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	sizes, err := parseSizes(*users)
	if err != nil {
		return err
	}
	b := &bench{generator: *generator, departments: *departments}
	p := &page{Machine: thisMachine(), departments: *departments}
	for _, size := range sizes {
		figures, err := b.measureSize(ctx, size)
		if err != nil {
			return fmt.Errorf("with %d users: %w", size, err)
		}
		p.sizes = append(p.sizes, figures)
	}
	if p.Writes, err = b.countWrites(ctx); err != nil {
		return fmt.Errorf("counting the writes to an API server: %w", err)
	}
	return p.print(os.Stdout)
}

func parseSizes(text string) ([]int, error) {
	var sizes []int
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' }) {
		size, err := strconv.Atoi(word)
		if err != nil || size < 1 {
			return nil, fmt.Errorf("-users: %q is not a number of users", word)
		}
		sizes = append(sizes, size)
	}
	if len(sizes) == 0 {
		return nil, fmt.Errorf("-users: name at least one size")
	}
	return sizes, nil
}
