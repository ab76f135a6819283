package samlrealm

import (
	"crypto/aes"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
)

// decrypt opens an EncryptedAssertion, EncryptedAttribute or EncryptedID with
// the first of the realm's keys that fits and reads what was inside as a
// document of its own.
func (r *Realm) decrypt(encrypted *etree.Element) (*etree.Element, error) {
	data := child(encrypted, encryptNS, "EncryptedData")
	if data == nil {
		return nil, errors.New("no EncryptedData")
	}
	data, err := detach(data)
	if err != nil {
		return nil, err
	}
	if err := bringKey(encrypted, data); err != nil {
		return nil, err
	}
	if err := plausible(data); err != nil {
		return nil, err
	}
	for _, key := range r.config.EncryptionKeys {
		if plain, err := xmlenc.Decrypt(key, data); err == nil {
			return document(plain)
		}
	}
	return nil, errors.New("failed to decrypt EncryptedData")
}

// bringKey puts an EncryptedKey that stands beside the data, where many IdPs
// put it, to the place where xmlenc looks.
func bringKey(encrypted, data *etree.Element) error {
	info := child(data, signatureNS, "KeyInfo")
	if info != nil && child(info, encryptNS, "EncryptedKey") != nil {
		return nil
	}
	key := child(encrypted, encryptNS, "EncryptedKey")
	if key == nil {
		return errors.New("no EncryptedKey")
	}
	if info == nil {
		info = data.CreateElement("ds:KeyInfo")
		info.CreateAttr("xmlns:ds", signatureNS)
	}
	info.AddChild(key.Copy())
	return nil
}

// plausible refuses what xmlenc would panic on: ciphers it has only half of,
// texts that are too short or not whole blocks, and keys inside keys. It looks
// where xmlenc looks, which does not ask for namespaces.
func plausible(data *etree.Element) error {
	method, text := data.FindElement("./EncryptionMethod"), data.FindElement("./CipherData/CipherValue")
	key := data.FindElement("./KeyInfo/EncryptedKey")
	if method == nil || text == nil || key == nil || key.FindElement("./EncryptionMethod") == nil {
		return errors.New("incomplete EncryptedData")
	}
	if !strings.Contains(printed(attribute(key.FindElement("./EncryptionMethod"), "Algorithm")), "#rsa-") {
		return errors.New("unsupported transport of the key")
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text.Text()))
	if err != nil {
		return err
	}
	const gcmOverhead = 12 + 16 // nonce and tag
	switch algorithm := printed(attribute(method, "Algorithm")); {
	case strings.HasSuffix(algorithm, "#tripledes-cbc"):
		return errors.New("unsupported cipher")
	case strings.HasSuffix(algorithm, "-gcm") && len(raw) >= gcmOverhead:
		return nil
	case strings.HasSuffix(algorithm, "-cbc") && len(raw) >= 2*aes.BlockSize && len(raw)%aes.BlockSize == 0:
		return nil
	}
	return errors.New("implausible cipher text")
}
