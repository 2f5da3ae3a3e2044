{-# LANGUAGE OverloadedStrings #-}

-- | JSON as a value for Python: every digit of a number, the sign of a zero, members in their order.
module Owt.Json (toPython) where

import Data.Aeson (FromJSON, ToJSON, decodeStrict, eitherDecodeStrict, encode)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Char8 as Char8
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.ByteString.Lazy as Lazy
import Owt.Python (Python (..))

-- | What the value is in JSON, as Python has it: @True@, @None@.
--
-- A whole 'Double' stays a float and -0.0 itself, if the type's own 'Data.Aeson.toEncoding' says so.
-- JSON has no NaN and no infinities, and aeson writes them as null and as text: use 'PyFloat' for
-- these. A value with text that is no Unicode becomes a 'PyMistake', which the call refuses.
toPython :: ToJSON a => a -> Python
-- By way of the text: a 'Value' does not tell 1.0 from 1.
toPython = either PyMistake fst . value . blank . Lazy.toStrict . encode

-- | A value at the beginning, and what stands behind it and the blank after it.
value :: ByteString -> Either Text (Python, ByteString)
value json = case Char8.uncons json of
  Just ('{', rest) -> members [] (blank rest)
  Just ('[', rest) -> items [] (blank rest)
  Just ('"', _) -> do
    (text, rest) <- string json
    Right (PyText text, rest)
  Just ('t', _) -> word "true" (PyBool True)
  Just ('f', _) -> word "false" (PyBool False)
  Just ('n', _) -> word "null" PyNone
  _ -> number (Char8.span (`elem` ("+-.eE0123456789" :: String)) json)
  where
    word text python = case ByteString.stripPrefix text json of
      Just rest -> Right (python, blank rest)
      Nothing -> wrong

items :: [Python] -> ByteString -> Either Text (Python, ByteString)
items found json = case Char8.uncons json of
  Just (']', rest) -> Right (PyList (reverse found), blank rest)
  Just (',', rest) -> items found (blank rest)
  _ -> do
    (item, rest) <- value json
    items (item : found) rest

members :: [(Text, Python)] -> ByteString -> Either Text (Python, ByteString)
members found json = case Char8.uncons json of
  Just ('}', rest) -> Right (PyDict (reverse found), blank rest)
  Just (',', rest) -> members found (blank rest)
  Just ('"', _) -> do
    (name, behind) <- string json
    rest <- maybe wrong Right (ByteString.stripPrefix ":" behind)
    (item, rest') <- value (blank rest)
    members ((name, item) : found) rest'
  _ -> wrong

-- | aeson reads the text between the quotes, its escapes too.
string :: ByteString -> Either Text (Text, ByteString)
string json = case eitherDecodeStrict (ByteString.take size json) of
  Right text -> Right (text, blank (ByteString.drop size json))
  Left _ -> Left "a text or a name in it is no Unicode: is there half of a surrogate pair in it?"
  where
    size = 1 + ending (ByteString.drop 1 json)
    -- Up to the quote that no backslash stands before, and that quote.
    ending rest = case Char8.findIndex (`elem` ['"', '\\']) rest of
      Just at | Char8.index rest at == '\\' -> at + 2 + ending (ByteString.drop (at + 2) rest)
      Just at -> at + 1
      Nothing -> ByteString.length rest

number :: (ByteString, ByteString) -> Either Text (Python, ByteString)
number (digits, rest)
  | Char8.any (`elem` (".eE" :: String)) digits = PyFloat . signed <$> decoded >>= ok
  | otherwise = PyInt <$> decoded >>= ok
  where
    ok python = Right (python, blank rest)
    decoded :: FromJSON a => Either Text a
    decoded = maybe wrong Right (decodeStrict digits)
    -- aeson loses it.
    signed n = if n == 0 && "-" `ByteString.isPrefixOf` digits then -0.0 else n

blank :: ByteString -> ByteString
blank = Char8.dropWhile (`elem` (" \t\r\n" :: String))

wrong :: Either Text a
wrong = Left (Text.pack "the value is not written as JSON")
