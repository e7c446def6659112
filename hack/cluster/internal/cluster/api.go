package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"synccenter.dev/synccenter/hack/cluster/internal/pki"
)

// apiClient makes the few requests that a start and a status need, without the weight of a client library.
type apiClient struct {
	url  string
	http *http.Client
}

func (c *Cluster) apiURL() string { return fmt.Sprintf("https://%s:%d", c.node(1).address, apiPort) }

func (c *Cluster) api() (*apiClient, error) {
	config, err := pki.ClientConfig(c.pki(), "admin")
	if err != nil {
		return nil, err
	}
	return &apiClient{
		url: c.apiURL(),
		// No proxy, whatever the environment says: the addresses exist on this machine alone.
		http: &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}},
	}, nil
}

// do sends body, if any, and decodes the answer into out, if any.
func (a *apiClient) do(ctx context.Context, method, path, body string, out any) error {
	request, err := http.NewRequestWithContext(ctx, method, a.url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, data)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}

// nodeList is what is read of the API's nodes.
type nodeList struct {
	Items []struct {
		Metadata struct{ Name string }
		Spec     struct{ Taints []struct{ Key string } }
		Status   struct {
			Conditions []struct{ Type, Status, Message string }
			NodeInfo   struct{ KubeletVersion string }
		}
	}
}

// ready maps the name of each node to what keeps it from being ready, or to nothing.
func (l nodeList) ready() map[string]string {
	found := map[string]string{}
	for _, item := range l.Items {
		why := "its kubelet has not reported yet"
		for _, condition := range item.Status.Conditions {
			if condition.Type != "Ready" {
				continue
			}
			if why = condition.Message; condition.Status == "True" {
				why = ""
			}
		}
		if why == "" && len(item.Spec.Taints) > 0 {
			why = "it still has the taint " + item.Spec.Taints[0].Key
		}
		found[item.Metadata.Name] = why
	}
	return found
}

func (a *apiClient) nodes(ctx context.Context) (nodeList, error) {
	var list nodeList
	return list, a.do(ctx, http.MethodGet, "/api/v1/nodes", "", &list)
}

// usable tells whether a pod that is created now would run: before that the first pods fail, or wait for seconds.
func (a *apiClient) usable(ctx context.Context, nodes []node) error {
	list, err := a.nodes(ctx)
	if err != nil {
		return err
	}
	ready := list.ready()
	for _, n := range nodes {
		if why, ok := ready[n.name]; !ok || why != "" {
			return fmt.Errorf("%s is not ready: %s", n.name, why)
		}
	}
	if err := a.do(ctx, http.MethodGet, "/api/v1/namespaces/default/serviceaccounts/default", "", nil); err != nil {
		return err
	}
	return a.dnsReady(ctx, nodes[0].address)
}

func (a *apiClient) dnsReady(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+":8181/ready", nil)
	if err != nil {
		return err
	}
	response, err := a.http.Do(request)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New("DNS does not know the Services yet")
	}
	return nil
}
