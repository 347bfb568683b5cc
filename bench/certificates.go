package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// roots is how many certificate authorities the made bundle has, so that a bootstrap has as much to read as in
// Lambda: Amazon Linux 2023's own bundle holds about so many, two thirds of them RSA.
const roots = 144

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// certificates are CodeDeploy's endpoint's own, with its chain, and the bundle of roots that leads to it.
type certificates struct {
	server tls.Certificate
	bundle []byte // PEM
}

// makeCertificates makes a chain like that of AWS's endpoints (leaf, intermediate, root, all RSA), and puts its root
// among others.
func makeCertificates() (certificates, error) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return certificates{}, fmt.Errorf("making certificates: %w", err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return certificates{}, fmt.Errorf("making certificates: %w", err)
	}
	var bundle bytes.Buffer
	var root authority
	for i := range roots {
		key := crypto.Signer(rsaKey)
		if i%3 == 2 {
			key = ecKey
		}
		made, err := makeAuthority(fmt.Sprintf("Bench Root %d", i), key, nil)
		if err != nil {
			return certificates{}, err
		}
		if i == roots/2 {
			root = made
		}
		if err := pem.Encode(&bundle, &pem.Block{Type: "CERTIFICATE", Bytes: made.cert.Raw}); err != nil {
			return certificates{}, fmt.Errorf("making certificates: %w", err)
		}
	}
	server, err := makeServer(root, rsaKey)
	return certificates{server: server, bundle: bundle.Bytes()}, err
}

func makeServer(root authority, key crypto.Signer) (tls.Certificate, error) {
	intermediate, err := makeAuthority("Bench Intermediate", key, &root)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := template("localhost")
	template.DNSNames = []string{"localhost"}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf, err := x509.CreateCertificate(rand.Reader, template, intermediate.cert, key.Public(), intermediate.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making certificates: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{leaf, intermediate.cert.Raw}, PrivateKey: key}, nil
}

// makeAuthority makes one that is signed by another, or by itself.
func makeAuthority(name string, key crypto.Signer, by *authority) (authority, error) {
	t := template(name)
	t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
	if by == nil {
		by = &authority{cert: t, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, by.cert, key.Public(), by.key)
	if err != nil {
		return authority{}, fmt.Errorf("making certificates: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return authority{}, fmt.Errorf("making certificates: %w", err)
	}
	return authority{cert: cert, key: key}, nil
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes([]byte(name)),
		Subject:      pkix.Name{CommonName: name, Organization: []string{"greenlight"}},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}
