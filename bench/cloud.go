package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// cloud is what a hook finds around it: CodeDeploy's endpoint over TLS, green, and the machine's root certificates;
// all on loopback.
type cloud struct {
	codedeploy, green *http.Server
	codedeployURL     string
	greenHost         string
	bundle            string // file
	noFolder          string // an empty folder, for where certificates are looked for besides

	statuses chan status
}

// status is a verdict that reached CodeDeploy.
type status struct {
	at         time.Time
	Deployment string `json:"deploymentId"`
	Execution  string `json:"lifecycleEventHookExecutionId"`
	Status     string `json:"status"`
}

func openCloud(folder string) (*cloud, error) {
	certs, err := makeCertificates()
	if err != nil {
		return nil, err
	}
	c := &cloud{
		bundle: filepath.Join(folder, "roots.pem"), noFolder: filepath.Join(folder, "none"), statuses: make(chan status, 8),
	}
	if err := os.WriteFile(c.bundle, certs.bundle, 0o600); err != nil {
		return nil, fmt.Errorf("writing the root certificates: %w", err)
	}
	if err := os.MkdirAll(c.noFolder, 0o755); err != nil {
		return nil, fmt.Errorf("making an empty folder: %w", err)
	}
	quiet := log.New(io.Discard, "", 0) // a killed bootstrap breaks its connections: no news
	c.codedeploy = &http.Server{
		Handler: http.HandlerFunc(c.putStatus), ReadHeaderTimeout: patience, ErrorLog: quiet,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certs.server}, MinVersion: tls.VersionTLS12},
	}
	// AWS's endpoints for JSON services speak HTTP/1.1.
	c.codedeploy.Protocols = new(http.Protocols)
	c.codedeploy.Protocols.SetHTTP1(true)
	c.green = &http.Server{Handler: http.HandlerFunc(healthy), ReadHeaderTimeout: patience, ErrorLog: quiet}
	secure, err := listen()
	if err != nil {
		return nil, err
	}
	plain, err := listen()
	if err != nil {
		_ = secure.Close()
		return nil, err
	}
	_, port, _ := net.SplitHostPort(secure.Addr().String())
	c.codedeployURL, c.greenHost = "https://localhost:"+port, plain.Addr().String()
	go func() { _ = c.codedeploy.ServeTLS(secure, "", "") }()
	go func() { _ = c.green.Serve(plain) }()
	return c, nil
}

func listen() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a loopback listener opens at once
	if err != nil {
		return nil, fmt.Errorf("opening a loopback server: %w", err)
	}
	return l, nil
}

func (c *cloud) close() {
	_ = c.codedeploy.Close()
	_ = c.green.Close()
}

// putStatus serves PutLifecycleEventHookExecutionStatus. Whatever else a hook asks is denied: the function's role may report,
// as the recipe has it, and no more.
//
// https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_PutLifecycleEventHookExecutionStatus.html
func (c *cloud) putStatus(w http.ResponseWriter, r *http.Request) {
	s := status{at: time.Now()}
	if operation := r.Header.Get("X-Amz-Target"); operation != "CodeDeploy_20141006.PutLifecycleEventHookExecutionStatus" {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "AccessDeniedException", "message": "not authorized to perform " + operation})
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.statuses <- s
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(map[string]string{"lifecycleEventHookExecutionId": s.Execution})
}

// healthy is green.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"ok","version":3}`)
}
