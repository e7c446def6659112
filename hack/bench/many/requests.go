package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"synccenter.dev/synccenter/test/apiserver"
)

// requestLog counts what reaches the API server, by its own metrics.
type requestLog struct{ client rest.Interface }

// requests are numbers by verb and resource, such as "LIST syncruns".
type requests map[string]int64

func newRequestLog(server *apiserver.Server) (*requestLog, error) {
	clients, err := kubernetes.NewForConfig(server.Config)
	if err != nil {
		return nil, err
	}
	return &requestLog{clients.Discovery().RESTClient()}, nil
}

// seen are all requests so far about what the manager has to do with. What the API server asks itself is not among them.
func (l *requestLog) seen(ctx context.Context) (requests, error) {
	body, err := l.client.Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, err
	}
	result := requests{}
	for line := range bytes.Lines(body) {
		labels, ok := strings.CutPrefix(string(line), "apiserver_request_total{")
		if !ok {
			continue
		}
		labels, value, _ := strings.Cut(labels, "} ")
		if !slices.Contains(ours, label(labels, "resource")) {
			continue
		}
		number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil {
			return nil, err
		}
		result[label(labels, "verb")+" "+label(labels, "resource")] += int64(number)
	}
	return result, nil
}

// ours are the resources that the manager asks for.
var ours = strings.Fields("synctasks syncruns syncartifacts syncapprovals jobs pods events serviceaccounts rolebindings secrets configmaps nodes")

func label(labels, name string) string {
	_, rest, _ := strings.Cut(labels, name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// since are the requests that came after an earlier count.
func (r requests) since(before requests) requests {
	result := requests{}
	for what, number := range r {
		if number -= before[what]; number > 0 {
			result[what] = number
		}
	}
	return result
}

// total counts the requests, but for watches: those stay open.
func (r requests) total() int64 {
	var sum int64
	for what, number := range r {
		if !strings.HasPrefix(what, "WATCH ") {
			sum += number
		}
	}
	return sum
}

// lines are the rows of a table.
func (r requests) lines() string {
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(r)) {
		lines = append(lines, "| "+what+" | "+grouped(r[what])+" |")
	}
	return strings.Join(lines, "\n")
}

// each are the rows of a table of how many requests come to each of so many runs.
func (r requests) each(runs int) string {
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(r)) {
		if !strings.HasPrefix(what, "LIST ") { // the bench looks itself
			lines = append(lines, fmt.Sprintf("| %s | %.1f |", what, float64(r[what])/float64(runs)))
		}
	}
	return strings.Join(lines, "\n")
}
