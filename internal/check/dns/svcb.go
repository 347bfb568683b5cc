package dnscheck

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// svcParams are the parameters whose values have a form of their own, by the names that IANA lists. The others are keyN.
//
// https://www.iana.org/assignments/dns-svcb
func svcParams() map[dnsmessage.SVCParamKey]svcParam {
	return map[dnsmessage.SVCParamKey]svcParam{
		dnsmessage.SVCParamMandatory:          {"mandatory", writeMandatory},
		dnsmessage.SVCParamALPN:               {"alpn", writeALPN},
		dnsmessage.SVCParamNoDefaultALPN:      {"no-default-alpn", writeNothing},
		dnsmessage.SVCParamPort:               {"port", writePort},
		dnsmessage.SVCParamIPv4Hint:           {"ipv4hint", writeAddresses(4)},
		dnsmessage.SVCParamECH:                {"ech", writeBase64},
		dnsmessage.SVCParamIPv6Hint:           {"ipv6hint", writeAddresses(16)},
		dnsmessage.SVCParamDOHPath:            {"dohpath", writeText},
		dnsmessage.SVCParamOHTTP:              {"ohttp", writeNothing},
		dnsmessage.SVCParamTLSSupportedGroups: {"tls-supported-groups", writeNumbers},
	}
}

// svcParam is a parameter's name, and how its value is written; without a value the name stands alone.
type svcParam struct {
	name  string
	write func([]byte) (string, error)
}

// svcb writes a record of SVCB or HTTPS as zone files have it (RFC 9460, 2.1 and appendix A), no value in quotes: priority, target
// and parameters, in the order of their numbers. What clients must take for malformed (2.2, 7, 8) is an error.
func svcb(r dnsmessage.SVCBResource) (string, error) {
	text := fmt.Sprintf("%d %s", r.Priority, host(r.Target))
	if r.Priority == 0 {
		return text, nil // an alias: its parameters mean nothing (2.4.2)
	}
	known := svcParams()
	for _, p := range r.Params {
		form, ok := known[p.Key]
		if !ok {
			form = svcParam{svcKey(uint16(p.Key)), writeAny}
		}
		value, err := form.write(p.Value)
		if err != nil {
			return "", fmt.Errorf("the parameter %s: %w", form.name, err)
		}
		text += " " + form.name
		if value != "" {
			text += "=" + value
		}
	}
	if _, ok := r.GetParam(dnsmessage.SVCParamALPN); !ok {
		if _, alone := r.GetParam(dnsmessage.SVCParamNoDefaultALPN); alone {
			return "", errors.New("the parameter no-default-alpn stands without alpn")
		}
	}
	mandatory, _ := r.GetParam(dnsmessage.SVCParamMandatory)
	for pair := range slices.Chunk(mandatory, 2) {
		key := binary.BigEndian.Uint16(pair)
		if _, ok := r.GetParam(dnsmessage.SVCParamKey(key)); !ok {
			return "", fmt.Errorf("the parameter %s is mandatory, and isn't there", svcKey(key))
		}
	}
	return text, nil
}

// svcKey is a parameter's name.
func svcKey(key uint16) string {
	if known, ok := svcParams()[dnsmessage.SVCParamKey(key)]; ok {
		return known.name
	}
	return "key" + strconv.Itoa(int(key))
}

var (
	errEmptyList = errors.New("the list is empty")
	errLength    = errors.New("its length is wrong")
)

// pairs reads a list of numbers.
func pairs(b []byte) ([]uint16, error) {
	switch {
	case len(b) == 0:
		return nil, errEmptyList
	case len(b)%2 != 0:
		return nil, errLength
	}
	var all []uint16
	for pair := range slices.Chunk(b, 2) {
		all = append(all, binary.BigEndian.Uint16(pair))
	}
	return all, nil
}

func writeMandatory(b []byte) (string, error) {
	keys, err := pairs(b)
	if err != nil {
		return "", err
	}
	var names []string
	for i, key := range keys {
		if key == uint16(dnsmessage.SVCParamMandatory) || i > 0 && key <= keys[i-1] {
			return "", errors.New("its list holds itself, or isn't in order")
		}
		names = append(names, svcKey(key))
	}
	return strings.Join(names, ","), nil
}

func writeNumbers(b []byte) (string, error) {
	numbers, err := pairs(b)
	if err != nil {
		return "", err
	}
	var words []string
	for _, n := range numbers {
		words = append(words, strconv.Itoa(int(n)))
	}
	return strings.Join(words, ","), nil
}

// writeALPN writes protocols. In a list a comma and a backslash of a value are escaped once more (appendix A.1).
func writeALPN(b []byte) (string, error) {
	if len(b) == 0 {
		return "", errEmptyList
	}
	var names []string
	for len(b) > 0 {
		n := int(b[0])
		if n == 0 || n >= len(b) {
			return "", errLength
		}
		names = append(names, escaped(strings.NewReplacer(`\`, `\\`, `,`, `\,`).Replace(string(b[1:1+n]))))
		b = b[1+n:]
	}
	return strings.Join(names, ","), nil
}

func writeNothing(b []byte) (string, error) {
	if len(b) > 0 {
		return "", errors.New("it has a value, and may have none")
	}
	return "", nil
}

func writePort(b []byte) (string, error) {
	if len(b) != 2 {
		return "", errLength
	}
	return strconv.Itoa(int(binary.BigEndian.Uint16(b))), nil
}

func writeAddresses(size int) func([]byte) (string, error) {
	return func(b []byte) (string, error) {
		switch {
		case len(b) == 0:
			return "", errEmptyList
		case len(b)%size != 0:
			return "", errLength
		}
		var all []string
		for one := range slices.Chunk(b, size) {
			address, _ := netip.AddrFromSlice(one)
			all = append(all, address.String())
		}
		return strings.Join(all, ","), nil
	}
}

func writeBase64(b []byte) (string, error) {
	if len(b) == 0 {
		return "", errLength
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

func writeText(b []byte) (string, error) {
	if len(b) == 0 {
		return "", errLength
	}
	return escaped(string(b)), nil
}

// writeAny writes the value of a parameter of which no more is known.
func writeAny(b []byte) (string, error) { return escaped(string(b)), nil }

// escaped writes a text that needs no quotes: what would end it or mean something has a backslash, what can't be printed is \DDD.
func escaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c <= ' ' || c > '~':
			fmt.Fprintf(&b, `\%03d`, c)
		case strings.IndexByte(`"();\`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
