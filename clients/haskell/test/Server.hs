{-# LANGUAGE OverloadedStrings #-}

-- | A real server for a test, and real programs that call it.
module Server
  ( withServer,
    withServerIn,
    library,
    runProgram,
    runProgramWith,
    runOwtWith,
    withFolder,
    patiently,
    owtError,
  )
where

import Control.Exception (bracket, try)
import Data.List (isPrefixOf)
import Data.Maybe (fromMaybe)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.IO as Text
import Owt (OwtError)
import System.Directory
import System.Environment (getEnvironment)
import System.Exit (ExitCode)
import System.FilePath ((</>))
import System.IO (hClose, openTempFile)
import System.Process
import System.Timeout (timeout)

-- | The folder of modules that the tests' adaptors import.
library :: FilePath
library = "test/lib"

-- | Starts a server on a free port with these further arguments, and ends it afterwards. The test
-- is given its URL.
withServer :: [String] -> (Text -> IO a) -> IO a
withServer arguments = withServerIn [] (["--port", "0"] <> arguments)

-- | Starts a server with these variables in its environment and these arguments. Its Python is
-- of @$OWT_TEST_VENV@.
withServerIn :: [(String, String)] -> [String] -> (Text -> IO a) -> IO a
withServerIn variables arguments test = do
  given <- getEnvironment
  binary <- owtBinary
  let venv = [("VIRTUAL_ENV", folder) | Just folder <- [lookup "OWT_TEST_VENV" given]]
      others = [pair | pair@(name, _) <- given, not ("OWT_" `isPrefixOf` name), name /= "VIRTUAL_ENV"]
      command = proc binary (["serve", "--quiet"] <> arguments)
      server = command {env = Just (variables <> venv <> others), std_out = CreatePipe}
  bracket (createProcess server) cleanupProcess $ \(_, out, _, _) -> do
    greeting <- patiently (maybe (fail "no pipe") Text.hGetLine out)
    case Text.words greeting of
      "owt" : "serving" : "on" : url : _ -> test url
      _ -> fail ("the server says: " <> Text.unpack greeting)

-- | Runs a program of Haskell with these variables in its environment: how it ended, and what it
-- wrote to its output and as errors.
runProgram :: [(String, String)] -> Text -> IO (ExitCode, String, String)
runProgram variables = runProgramWith variables []

-- | The same with these further modules beside it, by their files' names.
runProgramWith :: [(String, String)] -> [(FilePath, Text)] -> Text -> IO (ExitCode, String, String)
runProgramWith variables modules program = withFolder $ \folder -> do
  sources <- makeAbsolute "src"
  given <- getEnvironment
  let file = folder </> "owt.hs"
      others = [pair | pair@(name, _) <- given, name `notElem` map fst variables]
      command = (proc "runhaskell" ["-i" <> sources <> ":" <> folder, file]) {env = Just (variables <> others)}
  mapM_ (\(name, text) -> Text.writeFile (folder </> name) text) modules
  Text.writeFile file program
  patiently (readCreateProcessWithExitCode command "")

-- | What @owt@ prints when it is given these arguments.
runOwtWith :: [String] -> IO Text
runOwtWith arguments = do
  binary <- owtBinary
  patiently (Text.pack <$> readCreateProcess (proc binary arguments) "")

-- | @$OWT_BIN@, else what the repository's release build makes.
owtBinary :: IO FilePath
owtBinary = lookup "OWT_BIN" <$> getEnvironment >>= makeAbsolute . fromMaybe "../../target/release/owt"

-- | A new folder, gone afterwards.
withFolder :: (FilePath -> IO a) -> IO a
withFolder = bracket made removePathForcibly
  where
    made = do
      temporary <- getTemporaryDirectory
      (file, handle) <- openTempFile temporary "owt"
      hClose handle >> removeFile file >> createDirectory file
      pure file

-- | Nothing in a test takes longer than this, or the test has failed.
patiently :: IO a -> IO a
patiently action = timeout 180000000 action >>= maybe (fail "this took longer than three minutes") pure

-- | What the call throws.
owtError :: IO a -> IO OwtError
owtError call = try call >>= either pure (const (fail "this call should have failed"))
